using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using EchoService.Transport.Addressing;

namespace EchoService.Transport.Udp;

/// <summary>
/// Who sent the datagram at hand, as the kernel wrote it. The runtime asks the end point of a receive to make that of
/// the sender, and this one takes it in itself; and asks that of a send for the bytes, which are those that came. So
/// from datagram to reply no address is made, and none is converted.
/// </summary>
/// <param name="family">That of the socket.</param>
internal sealed class DatagramSource(AddressFamily family) : EndPoint
{
    // Layout of sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)): family, port, address; family, port, flow, address, scope.
    private const int PortOffset = 2;
    private const int IPv4Offset = 4;
    private const int IPv4Length = 4;
    private const int IPv6Offset = 8;
    private const int IPv6Length = 16;

    private SocketAddress _address = new(family);

    public override AddressFamily AddressFamily => family;

    public int Port => BinaryPrimitives.ReadUInt16BigEndian(_address.Buffer.Span[PortOffset..]);

    /// <summary>Its address as a number, the same on sockets of both families.</summary>
    public UInt128 Number => Addresses.ToNumber(family == AddressFamily.InterNetwork
        ? _address.Buffer.Span.Slice(IPv4Offset, IPv4Length)
        : _address.Buffer.Span.Slice(IPv6Offset, IPv6Length));

    /// <inheritdoc/>
    public override EndPoint Create(SocketAddress socketAddress)
    {
        _address = socketAddress;
        return this;
    }

    /// <inheritdoc/>
    public override SocketAddress Serialize() => _address;

    /// <summary>Becomes nobody.</summary>
    public void Clear() => _address.Buffer.Span[PortOffset..].Clear();

    /// <summary>A copy that stays as it is.</summary>
    public IPEndPoint ToIPEndPoint() => (IPEndPoint)new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0).Create(_address);
}
