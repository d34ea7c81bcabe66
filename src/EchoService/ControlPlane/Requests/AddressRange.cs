using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using EchoService.Configuration;

namespace EchoService.ControlPlane.Requests;

/// <summary>An address or a CIDR that clients come from. IPv4 clients of the dual-stack listener count as IPv4 alone.</summary>
internal sealed class AddressRange
{
    private const int MappedPrefix = 96;

    private readonly IPNetwork _network;

    // An IPv4 range in numbers: clients of the dual-stack listener have mapped addresses, and to convert each of them
    // would be an allocation per client. (IPNetwork can't do it either: it finds nothing in ::ffff:0:0/96.)
    private readonly uint _first;
    private readonly uint _mask;

    private AddressRange(IPNetwork network)
    {
        _network = network;
        if (network.BaseAddress.AddressFamily == AddressFamily.InterNetwork)
        {
            _mask = network.PrefixLength == 0 ? 0 : uint.MaxValue << (32 - network.PrefixLength);
            _first = ToNumber(network.BaseAddress) & _mask;
        }
    }

    public static ValueFormat<AddressRange> Format { get; } = new("an address or a range (CIDR) such as 192.0.2.7, 10.0.0.0/8 or fd00::/8", TryParse);

    public bool Contains(IPAddress address) =>
        address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6
            ? _network.BaseAddress.AddressFamily == AddressFamily.InterNetwork && (ToNumber(address) & _mask) == _first
            : _network.Contains(address);

    private static uint ToNumber(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        _ = address.TryWriteBytes(bytes, out var length);
        return BinaryPrimitives.ReadUInt32BigEndian(bytes[(length - sizeof(uint))..length]);
    }

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
