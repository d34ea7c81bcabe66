using System.Net;
using EchoService.Transport.Addressing;

namespace EchoService.Transport.ProxyProtocol;

/// <summary>Who may speak PROXY protocol: <c>Echo:TrustedProxies</c>.</summary>
internal sealed class TrustedProxies(IEnumerable<AddressRange> ranges)
{
    private readonly AddressRange[] _ranges = [.. ranges];

    /// <summary>Whether <paramref name="address"/> is one of them.</summary>
    public bool Contains(IPAddress address) => Array.Exists(_ranges, range => range.Contains(address));
}
