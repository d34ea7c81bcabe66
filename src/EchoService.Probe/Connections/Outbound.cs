using System.Net.Sockets;

namespace EchoService.Probe.Connections;

/// <summary>The sending side of one connection: a buffer that is refilled from the lane whenever the socket took it whole.</summary>
/// <remarks>
/// One per socket, since a send that was pending when the socket closed completes after its successor has begun.
/// Everything here runs under the lane's gate, the send included: it does not block, and a RST that it met is
/// known before the receiving side, which then reads a plain end of stream, asks for it.
/// </remarks>
internal sealed class Outbound : SocketAsyncEventArgs
{
    private readonly Lane _lane;
    private readonly Socket _socket;
    private readonly byte[] _buffer;
    private int _offset;
    private int _count;
    private bool _done;

    public Outbound(Lane lane, Socket socket, int bufferSize)
        : base(true)
    {
        _lane = lane;
        _socket = socket;
        _buffer = new byte[bufferSize];
    }

    public bool IsPending { get; private set; }

    /// <summary>A send was answered by RST; the receiving side is not told again.</summary>
    public bool MetReset { get; private set; }

    /// <summary>Sends what the lane has, until it has no more or the socket takes no more.</summary>
    public void Flush()
    {
        while (!IsPending && !_done)
        {
            if (_count == 0)
            {
                _offset = 0;
                _count = _lane.TakeBatch(_buffer);
                if (_count == 0)
                {
                    return;
                }
            }

            SetBuffer(_buffer, _offset, _count);
            try
            {
                IsPending = _socket.SendAsync(this);
            }
            catch (ObjectDisposedException)
            {
                _done = true;
                return;
            }

            if (!IsPending)
            {
                Settle();
            }
        }
    }

    /// <summary>Takes nothing more from the lane; a send that is pending may complete after the next connection has begun.</summary>
    public void Abandon() => _done = true;

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        lock (_lane.Gate)
        {
            IsPending = false;
            Settle();
            Flush();
        }
    }

    private void Settle()
    {
        _done |= SocketError != SocketError.Success;
        MetReset |= SocketError is SocketError.ConnectionReset or SocketError.ConnectionAborted;
        _lane.CountSent(BytesTransferred);
        _offset += BytesTransferred;
        _count -= BytesTransferred;
    }
}
