using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using EchoService.Configuration;

namespace EchoService.ControlPlane;

/// <summary>An address or a CIDR that clients come from. IPv4 clients of the dual-stack listener count as IPv4 alone.</summary>
internal sealed class AddressRange
{
    private const int MappedPrefix = 96;

    private readonly IPNetwork _network;

    // The same range as the dual-stack listener sees it, so that no client's address has to be converted to be compared.
    private readonly IPNetwork? _mapped;

    private AddressRange(IPNetwork network)
    {
        _network = network;
        if (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork)
        {
            _mapped = new IPNetwork(network.BaseAddress.MapToIPv6(), network.PrefixLength + MappedPrefix);
        }
    }

    public static ValueFormat<AddressRange> Format { get; } = new("an address or a range (CIDR) such as 192.0.2.7, 10.0.0.0/8 or fd00::/8", TryParse);

    public bool Contains(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? _mapped is { } mapped && mapped.Contains(address) : _network.Contains(address);

    private static bool TryParse(string text, [MaybeNullWhen(false)] out AddressRange range)
    {
        range = null;
        if (ValueFormats.TryParseAddress(text, out var address))
        {
            address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
            range = new AddressRange(new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128));
        }
        else if (IPNetwork.TryParse(text, out var network))
        {
            range = new AddressRange(network.BaseAddress.IsIPv4MappedToIPv6 && network.PrefixLength >= MappedPrefix
                ? new IPNetwork(network.BaseAddress.MapToIPv4(), network.PrefixLength - MappedPrefix)
                : network);
        }

        return range is not null;
    }
}
