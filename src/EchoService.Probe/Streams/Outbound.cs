using System.Net.Sockets;

namespace EchoService.Probe.Streams;

/// <summary>The sending side of one connection: a buffer that is refilled whenever the socket took it whole.</summary>
/// <remarks>
/// One per socket, since a send that was pending when the socket closed completes after its successor has begun.
/// Everything here runs under the lane's gate, the send included: it does not block, and a RST that it met is
/// known before the receiving side, which then reads a plain end of stream, asks for it.
/// </remarks>
internal sealed class Outbound : SocketAsyncEventArgs
{
    private readonly Lock _gate;
    private readonly Func<Span<byte>, int> _takeBatch;
    private readonly Action<int> _countSent;
    private readonly Socket _socket;
    private readonly byte[] _buffer;
    private int _offset;
    private int _count;
    private bool _done;

    /// <param name="gate">The lane's.</param>
    /// <param name="socket">Connected.</param>
    /// <param name="bufferSize">Bytes that leave at a time.</param>
    /// <param name="takeBatch">Fills the buffer with what is to be sent next and returns its length; 0: nothing now.</param>
    /// <param name="countSent">Told how many bytes the socket took.</param>
    public Outbound(Lock gate, Socket socket, int bufferSize, Func<Span<byte>, int> takeBatch, Action<int> countSent)
        : base(true)
    {
        (_gate, _takeBatch, _countSent) = (gate, takeBatch, countSent);
        _socket = socket;
        _buffer = new byte[bufferSize];
    }

    public bool IsPending { get; private set; }

    /// <summary>A send was answered by RST; the receiving side is not told again.</summary>
    public bool MetReset { get; private set; }

    /// <summary>Sends what there is, until there is no more or the socket takes no more.</summary>
    public void Flush()
    {
        while (!IsPending && !_done)
        {
            if (_count == 0)
            {
                _offset = 0;
                _count = _takeBatch(_buffer);
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

    /// <summary>Takes nothing more; a send that is pending may complete after the next connection has begun.</summary>
    public void Abandon() => _done = true;

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        lock (_gate)
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
        _countSent(BytesTransferred);
        _offset += BytesTransferred;
        _count -= BytesTransferred;
    }
}
