using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using EchoService.Transport.Addressing;

namespace EchoService.Transport.Accepting;

/// <summary>
/// What a listener is bound to. The runtime asks it to make the addresses of the clients accepted there
/// (<c>Socket._rightEndPoint</c>), so this is where IPv4 clients of a dual-mode socket get back their IPv4 addresses.
/// </summary>
/// <remarks>Per idle connection it saves 40 bytes, and per accept 112 of garbage; <c>docs/performance.md</c>.</remarks>
internal sealed class ListenEndPoint(IPAddress address, int port) : IPEndPoint(address, port)
{
    // Layout of sockaddr_in6 (ip(7), ipv6(7)): family, port, flow, address, scope.
    private const int PortOffset = 2;
    private const int AddressOffset = 8;
    private const int AddressLength = 16;

    [ThreadStatic]
    private static SocketAddress? _lastAddress;

    [ThreadStatic]
    private static EndPoint? _last;

    /// <inheritdoc/>
    public override EndPoint Create(SocketAddress socketAddress)
    {
        // Accepting makes the same one twice (SocketAsyncEventArgs.FinishOperationSync).
        if (_last is null || !ReferenceEquals(_lastAddress, socketAddress))
        {
            _last = ToPlain(socketAddress) ?? base.Create(socketAddress);
            _lastAddress = socketAddress;
        }

        return _last;
    }

    /// <summary>The end point of an IPv4 client of a dual-mode socket, or null.</summary>
    private static IPEndPoint? ToPlain(SocketAddress socketAddress)
    {
        if (socketAddress.Family != AddressFamily.InterNetworkV6 || socketAddress.Size < AddressOffset + AddressLength)
        {
            return null;
        }

        var bytes = socketAddress.Buffer.Span;
        return Addresses.ReadMapped(bytes.Slice(AddressOffset, AddressLength)) is { } address
            ? new IPEndPoint(address, BinaryPrimitives.ReadUInt16BigEndian(bytes[PortOffset..]))
            : null;
    }
}
