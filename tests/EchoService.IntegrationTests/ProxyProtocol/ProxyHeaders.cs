using System.Buffers.Binary;
using System.Text;

namespace EchoService.IntegrationTests.ProxyProtocol;

/// <summary>Headers as proxies send them, and as they should not. Written down byte by byte, not by the code under test.</summary>
internal static class ProxyHeaders
{
    public const byte Local = 0x20;
    public const byte Proxy = 0x21;
    public const byte Unspecified = 0x00;
    public const byte TcpOverIPv4 = 0x11;
    public const byte TcpOverIPv6 = 0x21;
    public const byte Unix = 0x31;

    private const string LongestAddress = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

    private static readonly byte[] IPv4Addresses = [192, 0, 2, 7, 198, 51, 100, 1, 0xC8, 0x21, 0x1B, 0x5F];
    private static readonly byte[] IPv6Addresses =
    [
        0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7,
        0x20, 0x01, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        0xC8, 0x21, 0x1B, 0x5F,
    ];

    /// <summary>Valid headers, and the client that each names; null for none.</summary>
    public static IReadOnlyDictionary<string, (byte[] Header, string? Client)> Good { get; } = new Dictionary<string, (byte[], string?)>
    {
        ["v1 TCP4"] = (Line("PROXY TCP4 192.0.2.7 198.51.100.1 51233 7007"), "192.0.2.7:51233"),
        ["v1 TCP4 shortest"] = (Line("PROXY TCP4 0.0.0.0 0.0.0.0 0 0"), "0.0.0.0:0"),
        ["v1 TCP4 longest"] = (Line("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535"), "255.255.255.255:65535"),
        ["v1 TCP6"] = (Line("PROXY TCP6 2001:db8::7 2001:DB8::1 51233 7007"), "[2001:db8::7]:51233"),
        ["v1 TCP6 shortest"] = (Line("PROXY TCP6 :: ::1 0 0"), "[::]:0"),
        ["v1 TCP6 longest"] = (Line($"PROXY TCP6 {LongestAddress} {LongestAddress} 65535 65535"), $"[{LongestAddress}]:65535"),
        ["v1 TCP6 mapped"] = (Line("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:198.51.100.1 51233 7007"), "[::ffff:192.0.2.7]:51233"),
        ["v1 TCP6 to IPv4, as nginx sends it"] = (Line("PROXY TCP6 ::1 127.0.0.1 51233 7007"), "[::1]:51233"),
        ["v1 TCP4 to IPv6"] = (Line("PROXY TCP4 192.0.2.7 2001:db8::1 51233 7007"), "192.0.2.7:51233"),
        ["v1 UNKNOWN"] = (Line("PROXY UNKNOWN"), null),
        ["v1 UNKNOWN longest"] = (Line($"PROXY UNKNOWN {LongestAddress} {LongestAddress} 65535 65535"), null),
        ["v1 UNKNOWN with anything"] = (Line("PROXY UNKNOWN \r \n \0 ÿ whatever"), null),
        ["v2 TCP4"] = (Binary(Proxy, TcpOverIPv4, IPv4Addresses), "192.0.2.7:51233"),
        ["v2 TCP6"] = (Binary(Proxy, TcpOverIPv6, IPv6Addresses), "[2001:db8::7]:51233"),
        ["v2 TCP4 with vectors"] = (Binary(Proxy, TcpOverIPv4, [.. IPv4Addresses, .. Vector(0x04, 5), .. Vector(0x02, 0), .. Vector(0xEA, 300)]), "192.0.2.7:51233"),
        ["v2 TCP4 with checksum"] = (WithChecksum(Binary(Proxy, TcpOverIPv4, [.. IPv4Addresses, .. Vector(0x03, 4)])), "192.0.2.7:51233"),
        ["v2 TCP6 with checksum amid vectors"] =
            (WithChecksum(Binary(Proxy, TcpOverIPv6, [.. IPv6Addresses, .. Vector(0x03, 4), .. Vector(0x05, 100)])), "[2001:db8::7]:51233"),
        ["v2 TCP4 as long as is taken"] = (Binary(Proxy, TcpOverIPv4, [.. IPv4Addresses, .. Vector(0xE0, 4096 - 16 - 12 - 3)]), "192.0.2.7:51233"),
        ["v2 LOCAL"] = (Binary(Local, Unspecified, []), null),
        ["v2 LOCAL with addresses"] = (Binary(Local, TcpOverIPv4, IPv4Addresses), null),
        ["v2 LOCAL of a family unheard of"] = (Binary(Local, 0xFF, [1, 2, 3]), null),
        ["v2 unspecified"] = (Binary(Proxy, Unspecified, []), null),
        ["v2 unspecified with anything"] = (Binary(Proxy, Unspecified, [1, 2, 3, 4, 5]), null),
        ["v2 IPv4 of an unspecified transport"] = (Binary(Proxy, 0x10, IPv4Addresses), null),
        ["v2 UDP over IPv4"] = (Binary(Proxy, 0x12, IPv4Addresses), null),
        ["v2 UNIX"] = (Binary(Proxy, Unix, new byte[216]), null),
    };

    /// <summary>What is no valid header, however it goes on.</summary>
    public static IReadOnlyDictionary<string, byte[]> Bad { get; } = new Dictionary<string, byte[]>
    {
        ["no header"] = Latin1("hello, echo"),
        ["HTTP"] = Latin1("GET / HTTP/1.1\r\nHost: echo\r\n\r\n"),
        ["TLS"] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01],
        ["v1 in lower case"] = Line("proxy TCP4 192.0.2.7 198.51.100.1 51233 7007"),
        ["v1 without a space"] = Line("PROXYTCP4 192.0.2.7 198.51.100.1 51233 7007"),
        ["v1 without anything"] = Line("PROXY "),
        ["v1 of nothing but its name"] = Line("PROXY"),
        ["v1 with two spaces"] = Line("PROXY TCP4  192.0.2.7 198.51.100.1 51233 7007"),
        ["v1 with a tab"] = Line("PROXY TCP4\t192.0.2.7 198.51.100.1 51233 7007"),
        ["v1 with a space at the end"] = Line("PROXY TCP4 192.0.2.7 198.51.100.1 51233 7007 "),
        ["v1 with a field too many"] = Line("PROXY TCP4 192.0.2.7 198.51.100.1 51233 7007 1"),
        ["v1 with a field too few"] = Line("PROXY TCP4 192.0.2.7 198.51.100.1 51233"),
        ["v1 of a protocol unheard of"] = Line("PROXY UDP4 192.0.2.7 198.51.100.1 51233 7007"),
        ["v1 UNKNOWN run together"] = Line("PROXY UNKNOWN1"),
        ["v1 TCP4 with IPv6"] = Line("PROXY TCP4 2001:db8::7 2001:db8::1 51233 7007"),
        ["v1 TCP6 with IPv4"] = Line("PROXY TCP6 192.0.2.7 198.51.100.1 51233 7007"),
        ["v1 TCP6 from IPv4 to IPv6"] = Line("PROXY TCP6 192.0.2.7 2001:db8::1 51233 7007"),
        ["v1 TCP4 from IPv6 to IPv4"] = Line("PROXY TCP4 2001:db8::7 192.0.2.1 51233 7007"),
        ["v1 TCP6 with a bad destination"] = Line("PROXY TCP6 ::1 127.0.1 51233 7007"),
        ["v1 with a leading zero"] = Line("PROXY TCP4 192.0.02.7 198.51.100.1 51233 7007"),
        ["v1 with an octet too large"] = Line("PROXY TCP4 192.0.2.256 198.51.100.1 51233 7007"),
        ["v1 with three octets"] = Line("PROXY TCP4 192.0.2 198.51.100.1 51233 7007"),
        ["v1 with five octets"] = Line("PROXY TCP4 192.0.2.7.1 198.51.100.1 51233 7007"),
        ["v1 with a hexadecimal octet"] = Line("PROXY TCP4 0xC0.0.2.7 198.51.100.1 51233 7007"),
        ["v1 with a bad destination"] = Line("PROXY TCP4 192.0.2.7 198.51.100 51233 7007"),
        ["v1 with seven groups"] = Line("PROXY TCP6 1:2:3:4:5:6:7 ::1 51233 7007"),
        ["v1 with nine groups"] = Line("PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 51233 7007"),
        ["v1 with two double colons"] = Line("PROXY TCP6 1::2::3 ::1 51233 7007"),
        ["v1 with a group too long"] = Line("PROXY TCP6 12345::1 ::1 51233 7007"),
        ["v1 with brackets"] = Line("PROXY TCP6 [::1] [::1] 51233 7007"),
        ["v1 with a scope"] = Line("PROXY TCP6 fe80::1%1 ::1 51233 7007"),
        ["v1 with a prefix length"] = Line("PROXY TCP6 ::1/128 ::1 51233 7007"),
        ["v1 with a port too large"] = Line("PROXY TCP4 192.0.2.7 198.51.100.1 65536 7007"),
        ["v1 with a negative port"] = Line("PROXY TCP4 192.0.2.7 198.51.100.1 -1 7007"),
        ["v1 with a port of five zeros"] = Line("PROXY TCP4 192.0.2.7 198.51.100.1 00000 7007"),
        ["v1 with a leading zero in a port"] = Line("PROXY TCP4 192.0.2.7 198.51.100.1 51233 07007"),
        ["v1 with a port that is no number"] = Line("PROXY TCP4 192.0.2.7 198.51.100.1 51233 echo"),
        ["v1 ended by LF"] = Latin1("PROXY TCP4 192.0.2.7 198.51.100.1 51233 7007\n" + new string('x', 107)),
        ["v1 ended by CR"] = Latin1("PROXY TCP4 192.0.2.7 198.51.100.1 51233 7007\r" + new string('x', 107)),
        ["v1 of 108 bytes"] = Line("PROXY UNKNOWN " + new string('x', 92)),
        ["v1 with a CR as the last byte that counts"] = Latin1("PROXY UNKNOWN " + new string('x', 92) + "\r\n"),
        ["v2 with a broken signature"] = [.. Binary(Proxy, TcpOverIPv4, IPv4Addresses).Select((octet, i) => i == 11 ? (byte)0 : octet)],
        ["v2 of version 1"] = Binary(0x11, TcpOverIPv4, IPv4Addresses),
        ["v2 of version 3"] = Binary(0x31, TcpOverIPv4, IPv4Addresses),
        ["v2 of a command unheard of"] = Binary(0x22, TcpOverIPv4, IPv4Addresses),
        ["v2 of a family unheard of"] = Binary(Proxy, 0x41, IPv4Addresses),
        ["v2 of a transport unheard of"] = Binary(Proxy, 0x13, IPv4Addresses),
        ["v2 TCP4 too short"] = Binary(Proxy, TcpOverIPv4, IPv4Addresses[..^1]),
        ["v2 TCP4 empty"] = Binary(Proxy, TcpOverIPv4, []),
        ["v2 TCP6 too short"] = Binary(Proxy, TcpOverIPv6, IPv6Addresses[..^1]),
        ["v2 UNIX too short"] = Binary(Proxy, Unix, new byte[215]),
        ["v2 longer than is taken"] = Binary(Proxy, TcpOverIPv4, [.. IPv4Addresses, .. Vector(0xE0, 4096 - 16 - 12 - 2)]),
        ["v2 LOCAL longer than is taken"] = Binary(Local, Unspecified, new byte[4096 - 15]),
        ["v2 with a vector beyond its end"] = Binary(Proxy, TcpOverIPv4, [.. IPv4Addresses, 0x04, 0, 5, 1, 2, 3, 4]),
        ["v2 with half a vector's head"] = Binary(Proxy, TcpOverIPv4, [.. IPv4Addresses, 0x04, 0]),
        ["v2 with a wrong checksum"] = Binary(Proxy, TcpOverIPv4, [.. IPv4Addresses, .. Vector(0x03, 4)]),
        ["v2 with a short checksum"] = Binary(Proxy, TcpOverIPv4, [.. IPv4Addresses, .. Vector(0x03, 3)]),
        ["v2 with two checksums"] = WithChecksum(Binary(Proxy, TcpOverIPv4, [.. IPv4Addresses, .. Vector(0x03, 4), .. Vector(0x03, 4)])),
    };

    /// <summary>A line of version 1.</summary>
    public static byte[] Line(string text) => Latin1(text + "\r\n");

    /// <summary>A header of version 2.</summary>
    public static byte[] Binary(byte command, byte family, byte[] rest) =>
        [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, command, family, (byte)(rest.Length >> 8), (byte)rest.Length, .. rest];

    private static byte[] Latin1(string text) => Encoding.Latin1.GetBytes(text);

    private static byte[] Vector(byte type, int length) => [type, (byte)(length >> 8), (byte)length, .. Enumerable.Repeat((byte)0xAB, length)];

    /// <summary>Fills in the first vector of type 3.</summary>
    private static byte[] WithChecksum(byte[] header)
    {
        var at = header.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x03, 0, 4, 0xAB, 0xAB, 0xAB, 0xAB]) + 3;
        header.AsSpan(at, 4).Clear();
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(at), Crc32C(header));
        return header;
    }

    /// <summary>Bit by bit, from the polynomial 0x1EDC6F41 reflected.</summary>
    private static uint Crc32C(byte[] data)
    {
        var crc = uint.MaxValue;
        foreach (var octet in data)
        {
            crc ^= octet;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0x82F63B78;
            }
        }

        return ~crc;
    }
}
