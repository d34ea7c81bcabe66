using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace EchoService.Probe.Dialing;

/// <summary>The header that a proxy puts before a connection (HAProxy's PROXY protocol), with this connection's own addresses.</summary>
internal static class ProxyProtocol
{
    private static readonly byte[] Signature = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A];

    /// <param name="version">1 is text, 2 is binary.</param>
    /// <param name="source">Where the connection comes from.</param>
    /// <param name="destination">Where it goes, of the same family.</param>
    public static byte[] Header(int version, IPEndPoint source, IPEndPoint destination) =>
        version == 1 ? Text(source, destination) : Binary(source, destination);

    private static byte[] Text(IPEndPoint source, IPEndPoint destination) => Encoding.ASCII.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"PROXY TCP{(source.AddressFamily == AddressFamily.InterNetwork ? 4 : 6)} {Plain(source.Address)} {Plain(destination.Address)} {source.Port} {destination.Port}\r\n"));

    /// <summary>Without the scope of a link-local address, which means nothing elsewhere.</summary>
    private static IPAddress Plain(IPAddress address) => new(address.GetAddressBytes());

    private static byte[] Binary(IPEndPoint source, IPEndPoint destination)
    {
        const byte VersionAndProxy = 0x21;
        const byte TcpOverIPv4 = 0x11;
        const byte TcpOverIPv6 = 0x21;
        byte[] addresses = [.. source.Address.GetAddressBytes(), .. destination.Address.GetAddressBytes(), 0, 0, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(addresses.AsSpan(^4), (ushort)source.Port);
        BinaryPrimitives.WriteUInt16BigEndian(addresses.AsSpan(^2), (ushort)destination.Port);
        return [.. Signature, VersionAndProxy, source.AddressFamily == AddressFamily.InterNetwork ? TcpOverIPv4 : TcpOverIPv6, 0, (byte)addresses.Length, .. addresses];
    }
}
