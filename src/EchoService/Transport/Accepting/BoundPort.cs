using System.Net;
using System.Net.Sockets;
using EchoService.Transport.Addressing;

namespace EchoService.Transport.Accepting;

/// <summary>
/// A port that is ours and on which nobody listens: a socket that is bound, with all that its connections are to
/// inherit. Who connects is refused, nobody else gets the port, and to listen on it takes one call that needs nothing more.
/// </summary>
/// <remarks>
/// .NET binds with SO_REUSEADDR, or connections that are left of the listener before would be in the way. Sockets that
/// have it share a port until one of them listens, so a port that is held goes without; where that cannot be done (not
/// on Linux) another one that shares may take it.
/// </remarks>
internal sealed class BoundPort : IDisposable
{
    private readonly Socket _socket;

    private BoundPort(Socket socket)
    {
        _socket = socket;
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
    }

    /// <summary>What was bound, with the real port where 0 was asked for.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Binds to the address of <paramref name="options"/>.</summary>
    /// <param name="options">What the connections are to inherit.</param>
    /// <param name="port">0 to 65535; 0 means any free port.</param>
    /// <exception cref="SocketException">The address is not ours, or the port is taken or not allowed.</exception>
    public static BoundPort Bind(EchoOptions options, int port)
    {
        var address = options.Address;
        if (address.Equals(IPAddress.IPv6Any) && !Socket.OSSupportsIPv6)
        {
            address = IPAddress.Any;
        }

        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (address.Equals(IPAddress.IPv6Any))
            {
                socket.DualMode = true;
            }

            // Accepted sockets inherit these from the listening one (tcp(7); the same on Windows and the BSDs), which
            // saves four system calls for each.
            socket.NoDelay = options.NoDelay;
            // A byte sent as urgent keeps its place in the stream and is echoed like the others.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.OutOfBandInline, true);
            if (options.SocketSendBuffer > 0)
            {
                socket.SendBufferSize = options.SocketSendBuffer;
            }

            if (options.SocketReceiveBuffer > 0)
            {
                socket.ReceiveBufferSize = options.SocketReceiveBuffer;
            }

            if (options.KeepAlive > TimeSpan.Zero)
            {
                socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
                socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)Math.Ceiling(options.KeepAlive.TotalSeconds));
            }

            socket.Bind(new ListenEndPoint(address, port));
            AddressSharing.Set(socket, false);
            return new BoundPort(socket);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Listens on it. Whatever comes of that, it is held no more.</summary>
    /// <returns>The listening socket, the caller's from here on.</returns>
    /// <exception cref="SocketException">Somebody who shares listens on it.</exception>
    public Socket Listen(int backlog)
    {
        try
        {
            // Connections inherit it, and without it those that are there already would be in the way.
            AddressSharing.Set(_socket, true);
            _socket.Listen(backlog);
            return _socket;
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>Lets go of it.</summary>
    public void Dispose() => _socket.Dispose();
}
