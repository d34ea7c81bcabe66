using System.Net.Sockets;

namespace EchoService.Transport.Udp;

/// <summary>A socket that datagrams come on: that of all addresses, or that of one.</summary>
/// <param name="socket">The socket, which it owns.</param>
/// <param name="tellsAddress">Whether what is received on it has to say which of our addresses it was sent to.</param>
internal sealed class UdpSocket(Socket socket, bool tellsAddress)
{
    private long _lastUsed;
    private bool _isClosed;

    public Socket Socket { get; } = socket;

    /// <summary>Whether what is received on it has to say which of our addresses it was sent to: not where it is bound to one.</summary>
    public bool TellsAddress { get; } = tellsAddress;

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
