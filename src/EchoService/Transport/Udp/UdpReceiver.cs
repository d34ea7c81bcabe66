using System.Net.Sockets;
using EchoService.Transport.Faults;

namespace EchoService.Transport.Udp;

/// <summary>
/// One outstanding receive and its buffer: receive a datagram, send it back, receive the next. Errors are counted or
/// waited out; only closing the socket ends it.
/// </summary>
internal sealed class UdpReceiver : SocketAsyncEventArgs, IThreadPoolWorkItem
{
    /// <summary>Datagrams that may be dealt with at once before others get their turn.</summary>
    private const int DatagramsPerTurn = 32;

    private readonly UdpEchoServer _server;
    private readonly UdpSocket _socket;
    private readonly DatagramSource _source;
    private ITimer? _timer;
    private UdpSocket? _replySocket;
    private int _copies;

    /// <param name="server">Whose it is.</param>
    /// <param name="socket">What it receives on.</param>
    public UdpReceiver(UdpEchoServer server, UdpSocket socket)
        : base(true)
    {
        _server = server;
        _socket = socket;
        SetBuffer(GC.AllocateUninitializedArray<byte>(UdpEchoServer.MaxDatagramLength, pinned: true), 0, UdpEchoServer.MaxDatagramLength);
        _source = new DatagramSource(socket.Socket.AddressFamily);
        RemoteEndPoint = _source;
    }

    /// <summary>Receives until the socket is closed.</summary>
    public void Execute() => Run(completed: false);

    protected override void OnCompleted(SocketAsyncEventArgs e) => Run(completed: true);

    /// <param name="completed">Whether the operation at hand has been carried out already.</param>
    private void Run(bool completed)
    {
        try
        {
            for (var left = 2 * DatagramsPerTurn; ; left--)
            {
                if (completed && !Complete())
                {
                    return;
                }

                if (left <= 0 && _replySocket is null)
                {
                    _server.Yield(this);
                    return;
                }

                if (_replySocket is null ? BeginReceive() : _replySocket.Socket.SendToAsync(this))
                {
                    return;
                }

                completed = true;
            }
        }
        catch (ObjectDisposedException) when (_socket.IsClosed)
        {
            End();
        }
        catch (ObjectDisposedException)
        {
            // Only the socket for the reply, which had to make room.
            DropReply();
            ContinueLater(error: null);
        }
        catch (Exception exception)
        {
            // The last line of defence, as for connections: a receive that died here would be missed for ever.
            _server.OnUnexpected(exception);
            DropReply();
            ContinueLater(error: null);
        }
    }

    private bool BeginReceive()
    {
        if (!_socket.TellsAddress)
        {
            return _socket.Socket.ReceiveFromAsync(this);
        }

        _server.BeforeReceiveOnWildcard();
        // .NET goes by the sender of the last datagram for how it reads the local address of the next: after one over
        // IPv4 as that, before it as the same mapped into IPv6, and not at all if they are of two families.
        _source.Clear();
        return _socket.Socket.ReceiveMessageFromAsync(this);
    }

    /// <summary>Deals with what completed. False: the loop stops here, for good or until a backoff is over.</summary>
    private bool Complete()
    {
        if (_replySocket is not null)
        {
            OnSent();
            return true;
        }

        switch (SocketError)
        {
            case SocketError.Success:
                _server.Backoff.Reset();
                OnReceived();
                return true;
            case SocketError.ConnectionReset or SocketError.NetworkReset or SocketError.MessageSize or SocketError.Interrupted:
                // The news that an earlier reply found nobody, which some systems give to the next receive.
                return true;
            default:
                if (_socket.IsClosed)
                {
                    End();
                }
                else
                {
                    ContinueLater(SocketError);
                }

                return false;
        }
    }

    private void OnReceived()
    {
        _server.Counters.CountReceived();
        if (_server.Judge(_socket, _source, ReceiveMessageFromPacketInfo, out _replySocket) is { } reason)
        {
            _server.Counters.CountDropped(reason);
            return;
        }

        SetBuffer(0, BytesTransferred);
        _copies = 1;
        if (_server.Faults is { Length: > 0 } faults)
        {
            Misbehave(faults);
        }
    }

    /// <summary>Does to the reply what the faults are about that it is drawn for, in the order in which they came.</summary>
    private void Misbehave(Fault[] faults)
    {
        var source = _source.ToIPEndPoint();
        Fault? delay = null;
        foreach (var fault in faults)
        {
            if (!fault.Covers(source.Address) || !fault.DrawNext())
            {
                continue;
            }

            fault.CountConnection();
            fault.CountBytes(Count);
            switch (fault.Kind)
            {
                case FaultKind.UdpDrop:
                    _server.Counters.CountDropped(UdpDropReason.Fault);
                    PrepareReceive();
                    return;
                case FaultKind.UdpDelay:
                    delay = fault;
                    break;
                case FaultKind.UdpDuplicate:
                    _copies++;
                    break;
            }
        }

        if (delay is not null)
        {
            var reply = new HeldDatagram(_server, _replySocket!, source, Buffer.AsSpan(Offset, Count), _copies);
            if (!_server.TryHold(reply, delay))
            {
                _server.Counters.CountDropped(UdpDropReason.Resource);
            }

            PrepareReceive();
        }
    }

    private void OnSent()
    {
        if (SocketError == SocketError.Success && BytesTransferred == Count)
        {
            _server.Counters.CountSent();
        }
        else
        {
            _server.Counters.CountDropped(UdpDropReason.Send);
        }

        if (--_copies == 0)
        {
            PrepareReceive();
        }
    }

    private void PrepareReceive()
    {
        _replySocket = null;
        SetBuffer(0, UdpEchoServer.MaxDatagramLength);
    }

    private void DropReply()
    {
        if (_replySocket is not null)
        {
            _server.Counters.CountDropped(UdpDropReason.Send);
            PrepareReceive();
        }
    }

    private void ContinueLater(SocketError? error)
    {
        _timer?.Dispose();
        _timer = _server.TimeProvider.CreateTimer(static state => ((UdpReceiver)state!).Execute(), this, _server.Backoff.Next(error), Timeout.InfiniteTimeSpan);
    }

    private void End()
    {
        DropReply();
        _timer?.Dispose();
        Dispose();
    }
}
