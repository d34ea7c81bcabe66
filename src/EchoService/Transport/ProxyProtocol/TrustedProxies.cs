using System.Net;

namespace EchoService.Transport.ProxyProtocol;

/// <summary>Who may speak PROXY protocol: <c>Echo:TrustedProxies</c>.</summary>
internal sealed class TrustedProxies(IEnumerable<IPNetwork> networks)
{
    private const int MappedPrefix = 96;

    private readonly IPNetwork[] _networks = [.. networks.Select(Unmap)];

    /// <summary>Whether <paramref name="address"/> is one of them. IPv4 peers of the dual-stack listener count as IPv4 alone.</summary>
    public bool Contains(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return Array.Exists(_networks, network => network.Contains(plain));
    }

    private static IPNetwork Unmap(IPNetwork network) =>
        network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= MappedPrefix
            ? new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - MappedPrefix)
            : network;
}
