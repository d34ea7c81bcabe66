using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;

namespace EchoService.Transport.ProxyProtocol;

/// <summary>
/// Reads PROXY protocol headers of both versions, as HAProxy's specification has them (<c>doc/proxy-protocol.txt</c>,
/// section 2). A pure function of the bytes received so far: it is asked again when there are more, and keeps nothing.
/// </summary>
/// <remarks>
/// Asking again costs little: version 2 tells its length within 16 bytes, and version 1 is 107 bytes at most.
/// Allocates the address and the endpoint that it returns, nothing else.
/// </remarks>
internal static class ProxyHeaderParser
{
    /// <summary>
    /// The longest header that is taken, in bytes. Version 2 could declare 65,551; what senders put into it (a TLS
    /// client's name and cipher, an authority, a cloud's endpoint id, a checksum) stays far below this.
    /// </summary>
    public const int MaxLength = 4096;

    /// <summary>The longest line of version 1, with its CRLF.</summary>
    private const int MaxLineLength = 107;

    /// <summary>Bytes of a version 2 header before the addresses.</summary>
    private const int FixedLength = 16;

    private const byte Local = 0x20;
    private const byte Proxy = 0x21;
    private const byte TcpOverIPv4 = 0x11;
    private const byte TcpOverIPv6 = 0x21;
    private const byte ChecksumType = 0x03;

    private static readonly SearchValues<byte> IPv6Characters = SearchValues.Create("0123456789abcdefABCDEF:."u8);

    private static ReadOnlySpan<byte> LinePrefix => "PROXY "u8;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <param name="received">All that was received on the connection.</param>
    /// <param name="header">The header, where it is complete.</param>
    public static ProxyHeaderStatus Parse(ReadOnlySpan<byte> received, out ProxyHeader header)
    {
        header = default;
        return received is [(byte)'P', ..] ? ParseLine(received, out header) : ParseBinary(received, out header);
    }

    private static ProxyHeaderStatus ParseLine(ReadOnlySpan<byte> received, out ProxyHeader header)
    {
        header = default;
        if (!BeginsLike(received, LinePrefix))
        {
            return ProxyHeaderStatus.Invalid;
        }

        var end = received[..Math.Min(received.Length, MaxLineLength)].IndexOf("\r\n"u8);
        if (end < 0)
        {
            return received.Length < MaxLineLength ? ProxyHeaderStatus.Incomplete : ProxyHeaderStatus.Invalid;
        }

        if (end < LinePrefix.Length || !TryReadLine(received[LinePrefix.Length..end], out var client))
        {
            return ProxyHeaderStatus.Invalid;
        }

        header = new ProxyHeader(end + 2, client);
        return ProxyHeaderStatus.Complete;
    }

    private static bool TryReadLine(ReadOnlySpan<byte> rest, out IPEndPoint? client)
    {
        client = null;
        if (rest.SequenceEqual("UNKNOWN"u8) || rest.StartsWith("UNKNOWN "u8))
        {
            // Whatever else the line has is to be ignored.
            return true;
        }

        if (!TryTakeField(ref rest, out var protocol)
            || !TryTakeField(ref rest, out var source)
            || !TryTakeField(ref rest, out var destination)
            || !TryTakeField(ref rest, out var sourcePort)
            || !TryReadNumber(sourcePort, ushort.MaxValue, out var port)
            || !TryReadNumber(rest, ushort.MaxValue, out _))
        {
            return false;
        }

        IPAddress? address;
        if (protocol.SequenceEqual("TCP4"u8))
        {
            if (!TryReadIPv4(source, out address))
            {
                return false;
            }
        }
        else if (!protocol.SequenceEqual("TCP6"u8) || !TryReadIPv6(source, out address))
        {
            return false;
        }

        // nginx names the family of the client, and its own address as it is: over a hop of the other family it sends
        // "PROXY TCP6 ::1 127.0.0.1 …". The source is what counts.
        if (!TryReadIPv4(destination, out _) && !TryReadIPv6(destination, out _))
        {
            return false;
        }

        client = new IPEndPoint(address!, port);
        return true;
    }

    private static ProxyHeaderStatus ParseBinary(ReadOnlySpan<byte> received, out ProxyHeader header)
    {
        header = default;
        if (!BeginsLike(received, Signature))
        {
            return ProxyHeaderStatus.Invalid;
        }

        if (received.Length < FixedLength)
        {
            return ProxyHeaderStatus.Incomplete;
        }

        var command = received[12];
        var family = received[13];
        var length = FixedLength + BinaryPrimitives.ReadUInt16BigEndian(received[14..]);
        if (command is not (Local or Proxy) || length > MaxLength)
        {
            return ProxyHeaderStatus.Invalid;
        }

        // A proxy's own connection: its family and all the rest are to be ignored.
        var addressesEnd = FixedLength;
        if (command == Proxy && (!TryMeasureAddresses(family, out addressesEnd) || length < addressesEnd))
        {
            return ProxyHeaderStatus.Invalid;
        }

        if (received.Length < length)
        {
            return ProxyHeaderStatus.Incomplete;
        }

        // Of an unspecified family nobody knows how long its addresses are, so nobody knows where vectors would begin.
        if (addressesEnd > FixedLength && !AreVectorsSound(received[..length], addressesEnd))
        {
            return ProxyHeaderStatus.Invalid;
        }

        header = new ProxyHeader(length, command == Proxy ? ReadClient(family, received[FixedLength..addressesEnd]) : null);
        return ProxyHeaderStatus.Complete;
    }

    /// <summary>The end of the address block by the family and transport of a relayed connection; false where either is unknown.</summary>
    private static bool TryMeasureAddresses(byte family, out int end)
    {
        end = FixedLength + (family >> 4) switch
        {
            1 => 2 * (4 + sizeof(ushort)),
            2 => 2 * (16 + sizeof(ushort)),
            3 => 2 * 108,
            _ => 0,
        };
        return family >> 4 <= 3 && (family & 0xF) <= 2;
    }

    /// <summary>The client of a TCP connection; null for what else proxies relay, which is valid and names no client that could be shown.</summary>
    private static IPEndPoint? ReadClient(byte family, ReadOnlySpan<byte> addresses) => family switch
    {
        TcpOverIPv4 => new IPEndPoint(new IPAddress(addresses[..4]), BinaryPrimitives.ReadUInt16BigEndian(addresses[8..])),
        TcpOverIPv6 => new IPEndPoint(new IPAddress(addresses[..16]), BinaryPrimitives.ReadUInt16BigEndian(addresses[32..])),
        _ => null,
    };

    /// <summary>Walks over the type-length-value vectors, which must end where the header does, and verifies a checksum among them.</summary>
    private static bool AreVectorsSound(ReadOnlySpan<byte> header, int offset)
    {
        const int HeadLength = 3;
        var checksumAt = 0;
        while (offset < header.Length)
        {
            if (header.Length - offset < HeadLength)
            {
                return false;
            }

            var type = header[offset];
            var length = BinaryPrimitives.ReadUInt16BigEndian(header[(offset + 1)..]);
            offset += HeadLength;
            if (header.Length - offset < length)
            {
                return false;
            }

            if (type == ChecksumType)
            {
                // A second checksum would have to be valid with the first one in place and the other way round.
                if (length != sizeof(uint) || checksumAt != 0)
                {
                    return false;
                }

                checksumAt = offset;
            }

            offset += length;
        }

        return checksumAt == 0 || BinaryPrimitives.ReadUInt32BigEndian(header[checksumAt..]) == Checksum(header, checksumAt);
    }

    /// <summary>CRC32c of the header with zeros in place of the checksum itself (RFC 4960, appendix B).</summary>
    private static uint Checksum(ReadOnlySpan<byte> header, int checksumAt)
    {
        var crc = uint.MaxValue;
        foreach (var octet in header[..checksumAt])
        {
            crc = BitOperations.Crc32C(crc, octet);
        }

        crc = BitOperations.Crc32C(crc, 0u);
        foreach (var octet in header[(checksumAt + sizeof(uint))..])
        {
            crc = BitOperations.Crc32C(crc, octet);
        }

        return ~crc;
    }

    private static bool BeginsLike(ReadOnlySpan<byte> received, ReadOnlySpan<byte> prefix) =>
        received.Length < prefix.Length ? prefix.StartsWith(received) : received.StartsWith(prefix);

    private static bool TryTakeField(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> field)
    {
        var space = rest.IndexOf((byte)' ');
        field = space < 0 ? default : rest[..space];
        rest = rest[(space + 1)..];
        return space > 0;
    }

    /// <summary>A decimal number without leading zeros.</summary>
    private static bool TryReadNumber(ReadOnlySpan<byte> text, int max, out int value)
    {
        value = 0;
        if (text.IsEmpty || text.Length > 5 || (text[0] == '0' && text.Length > 1))
        {
            return false;
        }

        foreach (var character in text)
        {
            if (!char.IsAsciiDigit((char)character))
            {
                return false;
            }

            value = (value * 10) + (character - '0');
        }

        return value <= max;
    }

    /// <summary>Exactly four numbers: <see cref="IPAddress.TryParse(ReadOnlySpan{byte}, out IPAddress?)"/> would take fewer, and octal and hexadecimal ones.</summary>
    private static bool TryReadIPv4(ReadOnlySpan<byte> text, out IPAddress? address)
    {
        address = null;
        Span<byte> octets = stackalloc byte[4];
        for (var i = 0; i < octets.Length; i++)
        {
            var dot = text.IndexOf((byte)'.');
            var isLast = i == octets.Length - 1;
            if (isLast != dot < 0 || !TryReadNumber(isLast ? text : text[..dot], byte.MaxValue, out var octet))
            {
                return false;
            }

            octets[i] = (byte)octet;
            text = text[(dot + 1)..];
        }

        address = new IPAddress(octets);
        return true;
    }

    private static bool TryReadIPv6(ReadOnlySpan<byte> text, out IPAddress? address)
    {
        // No brackets, scopes or prefix lengths, which are no part of an address here.
        address = null;
        return !text.ContainsAnyExcept(IPv6Characters)
            && IPAddress.TryParse(text, out address)
            && address.AddressFamily == AddressFamily.InterNetworkV6;
    }
}
