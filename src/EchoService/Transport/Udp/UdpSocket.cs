using System.Net.Sockets;

namespace EchoService.Transport.Udp;

/// <summary>A socket that datagrams come on: that of all addresses, or that of one.</summary>
internal sealed class UdpSocket(Socket socket)
{
    private long _lastUsed;
    private bool _isClosed;

    public Socket Socket { get; } = socket;

    /// <summary>Whether <see cref="Close"/> was called.</summary>
    public bool IsClosed => Volatile.Read(ref _isClosed);

    /// <summary>The number of the last datagram that came on it or had its reply sent by it.</summary>
    public long LastUsed
    {
        get => Volatile.Read(ref _lastUsed);
        set => Volatile.Write(ref _lastUsed, value);
    }

    /// <summary>Closes it, for good. What is in its buffer is lost.</summary>
    public void Close()
    {
        Volatile.Write(ref _isClosed, true);
        Socket.Dispose();
    }
}
