using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace EchoService.Transport.Addressing;

/// <summary>How addresses are read, and how an IPv4 peer of a dual-stack socket is seen: here and nowhere else.</summary>
internal static class Addresses
{
    private static ReadOnlySpan<byte> MappedPrefix => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF];

    /// <summary>Whether it is one of IPv4, in whatever clothes.</summary>
    public static bool IsIPv4(this IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6;

    /// <summary>The IPv4 address that the 16 bytes of an IPv6 one stand for (RFC 4291, section 2.5.5.2), else null. Makes nothing else on the way.</summary>
    public static IPAddress? ReadMapped(ReadOnlySpan<byte> address) =>
        address.StartsWith(MappedPrefix) ? new IPAddress(address[MappedPrefix.Length..]) : null;

    /// <summary>The IPv4 address where <paramref name="address"/> is one in IPv6 clothes (<c>::ffff:192.0.2.7</c>), else itself.</summary>
    public static IPAddress Plain(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>The 128 bits of an IPv6 address, and those of an IPv4 one in IPv6 clothes. Allocates nothing.</summary>
    public static UInt128 ToNumber(this IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        _ = address.TryWriteBytes(bytes, out var length);
        return ToNumber(bytes[..length]);
    }

    /// <summary>The same, of the 4 or 16 bytes that an address has.</summary>
    public static UInt128 ToNumber(ReadOnlySpan<byte> address) => address.Length == 16
        ? BinaryPrimitives.ReadUInt128BigEndian(address)
        : new UInt128(0, 0xFFFF_0000_0000UL | BinaryPrimitives.ReadUInt32BigEndian(address));

    /// <summary>
    /// Reads an address in its usual notation: IPv4 as four decimal numbers without leading zeros.
    /// <see cref="IPAddress.TryParse(string?, out IPAddress?)"/> takes 010.0.0.1 for 8.0.0.1, 1 for 0.0.0.1, and ignores a port.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out IPAddress? address) =>
        IPAddress.TryParse(text, out address)
        && (address.AddressFamily == AddressFamily.InterNetwork
            ? address.ToString() == text
            : !text.Contains('[', StringComparison.Ordinal) && EndsInSoundIPv4(text));

    /// <summary>IPv6 notation may end in an IPv4 address, which is held to the same rule.</summary>
    private static bool EndsInSoundIPv4(string text)
    {
        var tail = text.Split('%')[0];
        tail = tail[(tail.LastIndexOf(':') + 1)..];
        return !tail.Contains('.', StringComparison.Ordinal) || (IPAddress.TryParse(tail, out var address) && address.ToString() == tail);
    }
}
