using System.Net;

namespace EchoService.Probe.Dialing;

/// <summary>What connections look like to the other side.</summary>
/// <param name="Source">The local address; null: the system's choice.</param>
/// <param name="Ports">The local ports; null: the system's choice.</param>
/// <param name="ProxyVersion">The version of the PROXY protocol's header that goes first; null: none does.</param>
internal sealed record Origin(IPAddress? Source, PortRange? Ports, int? ProxyVersion)
{
    public static readonly Origin Plain = new(null, null, null);
}
