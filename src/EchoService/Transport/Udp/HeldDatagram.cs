using System.Net;
using System.Net.Sockets;
using EchoService.Transport.Faults;

namespace EchoService.Transport.Udp;

/// <summary>A reply that a fault holds back.</summary>
internal sealed class HeldDatagram : SocketAsyncEventArgs, IPaced
{
    private readonly UdpEchoServer _server;
    private readonly UdpSocket _socket;
    private int _copies;

    /// <param name="server">Whose it is.</param>
    /// <param name="socket">What it has to be sent by.</param>
    /// <param name="source">Whom it is for.</param>
    /// <param name="datagram">What it says.</param>
    /// <param name="copies">How often.</param>
    public HeldDatagram(UdpEchoServer server, UdpSocket socket, EndPoint source, ReadOnlySpan<byte> datagram, int copies)
        : base(true)
    {
        _server = server;
        _socket = socket;
        _copies = copies;
        RemoteEndPoint = source;
        SetBuffer(datagram.ToArray(), 0, datagram.Length);
    }

    public void OnDue() => Send();

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        OnSent();
        Send();
    }

    private void Send()
    {
        try
        {
            while (_copies > 0)
            {
                if (_socket.Socket.SendToAsync(this))
                {
                    return;
                }

                OnSent();
            }
        }
        catch (Exception exception) when (exception is ObjectDisposedException or SocketException)
        {
            _server.Counters.CountDropped(UdpDropReason.Send);
        }

        _server.OnHeldGone(this);
        Dispose();
    }

    private void OnSent()
    {
        _copies--;
        if (SocketError == SocketError.Success)
        {
            _server.Counters.CountSent();
        }
        else
        {
            _server.Counters.CountDropped(UdpDropReason.Send);
        }
    }
}
