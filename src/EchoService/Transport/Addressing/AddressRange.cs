using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace EchoService.Transport.Addressing;

/// <summary>
/// An address or a range (CIDR) that peers come from. IPv4 peers of a dual-stack listener count as IPv4 alone, so that
/// <c>0.0.0.0/0</c> and <c>::/0</c> together are everyone and neither is by itself.
/// </summary>
/// <remarks>In numbers, since to convert the mapped address of each client would be an allocation per client.</remarks>
internal sealed record AddressRange
{
    private const int MappedPrefix = 96;
    private const int Bits = 128;

    private readonly bool _isIPv4;
    private readonly UInt128 _first;
    private readonly int _prefix;

    private AddressRange(IPAddress address, int prefix)
    {
        _isIPv4 = address.IsIPv4();
        _prefix = address.AddressFamily == AddressFamily.InterNetwork ? prefix + MappedPrefix : prefix;
        _first = address.ToNumber() & Mask;
    }

    private UInt128 Mask => _prefix == 0 ? UInt128.Zero : UInt128.MaxValue << (Bits - _prefix);

    public bool Contains(IPAddress address) => address.IsIPv4() == _isIPv4 && (address.ToNumber() & Mask) == _first;

    /// <summary>Reads an address, or a range as <see cref="TryParseCidr"/> does.</summary>
    public static bool TryParse(string text, [MaybeNullWhen(false)] out AddressRange range)
    {
        if (!Addresses.TryParse(text, out var address))
        {
            return TryParseCidr(text, out range);
        }

        range = new AddressRange(address, address.AddressFamily == AddressFamily.InterNetwork ? Bits - MappedPrefix : Bits);
        return true;
    }

    /// <summary>
    /// Reads a range: an address, a slash and the length of its prefix in decimal without leading zeros. Host bits are
    /// masked. A range in IPv4-mapped IPv6 is refused: whether its prefix counts 32 or 128 bits is easily mistaken.
    /// </summary>
    public static bool TryParseCidr(string text, [MaybeNullWhen(false)] out AddressRange range)
    {
        range = TrySplit(text, out var address, out var prefix) && !address.IsIPv4MappedToIPv6 ? new AddressRange(address, prefix) : null;
        return range is not null;
    }

    /// <summary>For a range that is refused since it is in IPv4-mapped IPv6: how to write it; else null.</summary>
    public static string? Suggest(string text) =>
        TrySplit(text, out var address, out var prefix) && address.IsIPv4MappedToIPv6
            ? string.Create(CultureInfo.InvariantCulture, $"for {text} write {address.Plain()}/{Math.Max(prefix - MappedPrefix, 0)}")
            : null;

    private static bool TrySplit(string text, [NotNullWhen(true)] out IPAddress? address, out int prefix)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        prefix = 0;
        address = null;
        return slash > 0
            && !text.Contains('%', StringComparison.Ordinal)
            && Addresses.TryParse(text[..slash], out address)
            && int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out prefix)
            && (text[slash + 1] != '0' || text.Length == slash + 2)
            && prefix <= (address.AddressFamily == AddressFamily.InterNetwork ? Bits - MappedPrefix : Bits);
    }
}
