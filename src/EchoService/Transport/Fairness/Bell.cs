using System.Net;
using System.Net.Sockets;

namespace EchoService.Transport.Fairness;

/// <summary>
/// A datagram socket connected to itself: a byte sent to it is an event like any other, so the socket thread gets to it
/// after the events that it already has.
/// </summary>
internal class Bell : IDisposable
{
    private static readonly byte[] OneByte = [0];

    private readonly Socket _socket;

    /// <exception cref="SocketException">No socket could be had.</exception>
    public Bell()
    {
        // Half the cost of a loopback datagram, which passes through the whole IP stack. Abstract names, which need no
        // file system, exist on Linux alone.
        _socket = OperatingSystem.IsLinux()
            ? new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified)
            : new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            _socket.Blocking = false;
            _socket.Bind(OperatingSystem.IsLinux()
                ? new UnixDomainSocketEndPoint($"\0echo-turnstile-{Guid.NewGuid():N}")
                : new IPEndPoint(IPAddress.Loopback, 0));
            // Connected to itself, it takes datagrams from nobody else.
            _socket.Connect(_socket.LocalEndPoint!);
        }
        catch
        {
            _socket.Dispose();
            throw;
        }
    }

    /// <summary>Sends a byte. It may be lost: the kernel may be short of memory, and where the bell is UDP, room.</summary>
    public virtual void Ring()
    {
        try
        {
            _socket.Send(OneByte, SocketFlags.None, out _);
        }
        catch (ObjectDisposedException)
        {
            // Closed: nobody waits any more.
        }
    }

    /// <summary>Waits for a byte, as <see cref="Socket.ReceiveAsync(SocketAsyncEventArgs)"/> does.</summary>
    public bool ListenAsync(SocketAsyncEventArgs args) => _socket.ReceiveAsync(args);

    public void Dispose() => _socket.Dispose();
}
