using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EchoService.Transport.Buffers;
using EchoService.Transport.Fairness;
using EchoService.Transport.ProxyProtocol;

namespace EchoService.Transport.Connections;

/// <summary>
/// One client: receive, send back what came, receive again. One operation is outstanding at a time, and the loop runs
/// wherever it completes, so the loop alone owns the buffers, the event args and the counts, and alone frees them.
/// Anyone may ask for a close; that is one atomic step on <see cref="_state"/>.
/// </summary>
/// <remarks>Never reused, unlike the event args: whoever still holds it after the end reads final figures.</remarks>
internal sealed class EchoConnection
{
    // The low byte of _state. A connection goes from Receiving to Echoing and back once per message, by one
    // compare-and-swap each (about 5 ns on a line that the loop owns); that is what lets a close from outside know, at
    // the moment it asks, whether bytes are in hand that must go out before the FIN.
    private const int Receiving = 0;  // nothing in hand: who asks for a close sends the FIN himself
    private const int Echoing = 1;    // bytes in hand
    private const int ReadingHeader = 2; // as Receiving, before the first: the PROXY header is not complete yet
    private const int Finishing = 3;  // bytes in hand, and a close was asked for: the loop sends the FIN after them
    private const int Closing = 4;    // our FIN is out (or about to be): what still comes is read and discarded
    private const int Aborted = 5;    // the socket was dropped from outside: the loop ends as soon as it notices
    private const int Ended = 6;
    private const int StateMask = 0xFF;
    private const int ReasonShift = 8; // the close reason lives in the second byte, so both change in one step

    /// <summary>Operations that may complete at once before others get their turn: 8 messages, or 8 large segments of a stream.</summary>
    private const int OperationsPerTurn = 16;

    /// <summary>Reads in a row that would have fitted the small segment, after which a busy connection counts as quiet again.</summary>
    private const int ShortReadsUntilQuiet = 16;

    // Bytes, for the hints to the cache. The runtime makes a socket's handle before it and its asynchronous context soon
    // after it, and the collector keeps their order; where it does not hold, the hints miss.
    private const int Size = 256;
    private const int EventArgsSize = 256;
    private const int HandleSize = 192;
    private const int SocketSize = 128;
    private const int SocketContextOffset = 448;
    private const int SocketContextSize = 320;

    private readonly EchoServer _server;
    private readonly ConnectionEventArgs _args;
    private readonly BufferSegment _small;
    private readonly long _expiresAt;
    private readonly long _acceptedAt;
    private Socket? _socket;
    private BufferSegment _large;
    private Operation _operation;
    private int _state;

    // There while the header is being read, and there once it has named a client.
    private ProxyHeaderReader? _header;
    private IPEndPoint? _client;

    // A connection is busy from the first read that fills its buffer. It then borrows a large segment while there are
    // bytes to read, and waits for more with an operation of no bytes and no large segment. A full read alone does not
    // say that there is more: a message may end where the buffer does, and then a receive with the large segment would
    // keep it for as long as the client is quiet.
    private bool _busy;
    private bool _filled;
    private byte _shortReads;

    private long _bytesReceived;
    private long _bytesSent;
    private long _lastReceivedAt;
    private long _lastSentAt;
    private long _sampledAt;

    // Written by whoever closes, read by the sweep.
    private long _closingSince;
    private long _endedAt;
    private IPEndPoint? _localEndPoint;

    // The sweep's own: what the kernel had got acknowledged when it last looked, and when that last changed.
    private ulong _acknowledged;
    private long _acknowledgedAt;

    public EchoConnection(EchoServer server, long id, Socket socket, BufferSegment segment, SocketAsyncEventArgsPool pool, long expiresAt)
    {
        _server = server;
        _socket = socket;
        _small = segment;
        _expiresAt = expiresAt;
        Id = id;
        PeerEndPoint = (IPEndPoint)socket.RemoteEndPoint!;
        _acceptedAt = server.TimeProvider.GetTimestamp();
        ConnectedAt = _lastReceivedAt = _lastSentAt = server.Clock.Now;
        if (server.TrustedProxies is not null)
        {
            _state = ReadingHeader;
            _header = new ProxyHeaderReader();
        }

        _args = pool.Rent(this);
    }

    private enum Operation : byte
    {
        Receive,
        WaitForData,
        Send,
        ReceiveHeader,
    }

    /// <summary>Never reused within a process.</summary>
    public long Id { get; }

    /// <summary>The other end of the socket.</summary>
    public IPEndPoint PeerEndPoint { get; }

    /// <summary>The client: as the PROXY header has it where there is one that names it, else the socket's peer.</summary>
    public IPEndPoint RemoteEndPoint => Volatile.Read(ref _client) ?? PeerEndPoint;

    /// <summary>Whether a PROXY header has named the client.</summary>
    public bool Proxied => Volatile.Read(ref _client) is not null;

    /// <summary>Our end of the socket; null where the socket was gone before anyone asked.</summary>
    public IPEndPoint? LocalEndPoint => _localEndPoint ?? ReadLocalEndPoint();

    /// <summary>When it was accepted, in milliseconds of the server's clock, as are the other times.</summary>
    public long ConnectedAt { get; }

    public long LastReceivedAt => Volatile.Read(ref _lastReceivedAt);

    public long LastSentAt => Volatile.Read(ref _lastSentAt);

    /// <summary>When it ended, once <see cref="State"/> says that it has.</summary>
    public long EndedAt => Volatile.Read(ref _endedAt);

    /// <summary>Time since it was accepted, to the precision of the clock rather than of a heartbeat.</summary>
    public TimeSpan Duration => _server.TimeProvider.GetElapsedTime(_acceptedAt);

    /// <summary>The last time a byte moved in either direction.</summary>
    public long LastActiveAt => Math.Max(LastReceivedAt, LastSentAt);

    public long BytesReceived => Volatile.Read(ref _bytesReceived);

    public long BytesSent => Volatile.Read(ref _bytesSent);

    /// <summary>Bytes received and not yet taken by the kernel for the way back.</summary>
    public long PendingBytes
    {
        get
        {
            // Sent first, for it is the smaller one.
            var sent = BytesSent;
            return BytesReceived - sent;
        }
    }

    /// <summary>Why it ended or is ending; <see cref="Connections.CloseReason.None"/> while it is open.</summary>
    public CloseReason CloseReason => ReasonOf(Volatile.Read(ref _state));

    public ConnectionState State => (Volatile.Read(ref _state) & StateMask) switch
    {
        Receiving or Echoing or ReadingHeader => ConnectionState.Open,
        Ended => ConnectionState.Closed,
        _ => ConnectionState.Closing,
    };

    /// <summary>The registry's own: the next connection in its table's bucket.</summary>
    public EchoConnection? NextInBucket { get; set; }

    /// <summary>Posts the first receive. Called once, by the accept loop.</summary>
    public void Start()
    {
        PrepareReceive();
        if (_server.TrustedProxies is { } proxies)
        {
            if (proxies.Contains(PeerEndPoint.Address))
            {
                _operation = Operation.ReceiveHeader;
            }
            else
            {
                // Whatever it says of itself is discarded like the rest, and never looked at.
                _header = null;
                Close(CloseReason.ProxyHeader);
            }
        }

        Continue();
    }

    /// <summary>Goes on with the loop after a wait for its turn.</summary>
    public void Continue() => Run(completed: false);

    /// <summary>Goes on with the loop: the operation that was outstanding has completed.</summary>
    public void OnOperationCompleted() => Run(completed: true);

    /// <summary>Has the processor fetch this object, which <see cref="FetchPartsIntoCache"/> reads.</summary>
    public void FetchIntoCache() => CacheHint.Fetch(this, 0, Size);

    /// <summary>Has the processor fetch what the next message will touch.</summary>
    public void FetchPartsIntoCache()
    {
        CacheHint.Fetch(_args, 0, EventArgsSize);
        CacheHint.Fetch(in _small.Array[_small.Offset]);
        if (_socket is { } socket)
        {
            CacheHint.Fetch(socket, -HandleSize, SocketSize);
            CacheHint.Fetch(socket, SocketContextOffset, SocketContextOffset + SocketContextSize);
        }
    }

    /// <summary>
    /// Asks for a graceful close: what has been read is echoed, then FIN, then what still comes is discarded until the
    /// peer's FIN or <c>Echo:CloseTimeout</c>.
    /// </summary>
    /// <returns>Whether this call began the close; false when one was under way already.</returns>
    public bool Close(CloseReason reason)
    {
        while (true)
        {
            var observed = Volatile.Read(ref _state);
            if (observed is not (Receiving or Echoing or ReadingHeader))
            {
                return false;
            }

            if (TryClose(observed, reason))
            {
                return true;
            }
        }
    }

    /// <summary>Drops the socket and resets the peer. What was not echoed yet is lost, and counted as such.</summary>
    /// <param name="reason">Why. A close under way keeps the reason it had, unless this is <see cref="Connections.CloseReason.DrainForced"/>.</param>
    /// <returns>Whether this call did it; false when the connection had ended or been aborted already.</returns>
    public bool Abort(CloseReason reason)
    {
        while (true)
        {
            var observed = Volatile.Read(ref _state);
            if ((observed & StateMask) >= Aborted)
            {
                return false;
            }

            var first = ReasonOf(observed);
            var final = first == CloseReason.None || reason == CloseReason.DrainForced ? reason : first;
            if (Interlocked.CompareExchange(ref _state, With(Aborted, final), observed) == observed)
            {
                DropSocket(reset: true);
                return true;
            }
        }
    }

    /// <summary>Applies the timeouts. Called by the sweep alone.</summary>
    /// <param name="now">Milliseconds of the server's clock.</param>
    public void CheckTimeouts(long now)
    {
        var options = _server.Timeouts;
        var state = Volatile.Read(ref _state) & StateMask;
        if (state >= Aborted)
        {
            return;
        }

        if (state == Closing)
        {
            // Our FIN is out and the peer has had its time; nothing that it sends now would be echoed.
            if (now - Volatile.Read(ref _closingSince) >= options.Close)
            {
                Expire();
            }

            return;
        }

        if (state == ReadingHeader && now - ConnectedAt >= options.ProxyHeader)
        {
            // Not if the header has become complete meanwhile.
            TryClose(ReadingHeader, CloseReason.ProxyHeader);
            return;
        }

        var lastProgress = LastActiveAt;
        if (state is Echoing or Finishing && now - lastProgress >= options.SweepInterval)
        {
            lastProgress = Math.Max(lastProgress, LastAcknowledgedAt(now));
            // A peer that was asked to leave and takes nothing gets no longer than the wait for its FIN would be.
            var limit = options.Send != 0 ? options.Send : state == Finishing ? options.Close : long.MaxValue;
            if (now - lastProgress >= limit)
            {
                // A FIN would make the truncated echo look complete.
                Abort(CloseReason.SendTimeout);
                return;
            }
        }

        if (state == Finishing)
        {
            return;
        }

        if (options.Idle != 0 && now - lastProgress >= options.Idle)
        {
            Close(CloseReason.IdleTimeout);
        }
        else if (now >= _expiresAt)
        {
            Close(CloseReason.MaxLifetime);
        }
    }

    private static int With(int state, CloseReason reason) => state | ((int)reason << ReasonShift);

    private static CloseReason ReasonOf(int state) => (CloseReason)(state >> ReasonShift);

    private static CloseReason Classify(SocketError error) => error is
        SocketError.ConnectionReset or SocketError.ConnectionAborted or SocketError.Shutdown or SocketError.NotConnected
        ? CloseReason.ClientReset
        : CloseReason.Error;

    /// <summary>Begins a close if the state is still <paramref name="observed"/>, one of those in which a connection is open.</summary>
    private bool TryClose(int observed, CloseReason reason)
    {
        Volatile.Write(ref _closingSince, _server.Clock.Now);
        var next = observed == Echoing ? Finishing : Closing;
        if (Interlocked.CompareExchange(ref _state, With(next, reason), observed) != observed)
        {
            return false;
        }

        if (next == Closing)
        {
            SendFin();
        }

        return true;
    }

    /// <param name="completed">Whether the prepared operation has been carried out already.</param>
    private void Run(bool completed)
    {
        var byEvent = completed;
        try
        {
            for (var operations = OperationsPerTurn; ; operations--)
            {
                if (completed)
                {
                    // More is there after a full read, so nothing is gained by a wait before the turn is over.
                    var mayWait = _operation == Operation.Send && !_filled;
                    if (!Complete(byEvent))
                    {
                        return;
                    }

                    // Never with bytes in hand: they go out first.
                    var turnIsOver = operations <= 0;
                    if (_operation != Operation.Send && (mayWait || turnIsOver) && _server.TryYield(this, turnIsOver))
                    {
                        return;
                    }
                }

                // More is likely to be there after a full read, and after a wait for the turn.
                if (Begin(dataIsLikely: _filled || !completed))
                {
                    return;
                }

                completed = true;
                byEvent = false;
            }
        }
        catch (ObjectDisposedException)
        {
            // Aborted between two operations.
            End(CloseReason.Error);
        }
        catch (Exception exception)
        {
            // The last line of defence: an exception that left a completion callback would end the process, and with
            // it every other connection. Registering with epoll when memory is out is one way to get here.
            Log.ConnectionFailed(_server.Logger, Id, exception);
            End(CloseReason.Error);
        }
    }

    /// <summary>Starts the prepared operation. True: it is outstanding and the loop goes on when it completes.</summary>
    /// <param name="dataIsLikely">Whether it is worth a look if there is something to read before a wait for it.</param>
    private bool Begin(bool dataIsLikely)
    {
        if (_operation == Operation.Send)
        {
            return _socket!.SendAsync(_args);
        }

        if (_operation == Operation.WaitForData && dataIsLikely && _socket!.Available > 0)
        {
            PrepareLargeReceive();
        }

        return _socket!.ReceiveAsync(_args);
    }

    /// <summary>Deals with the operation that completed and prepares the next. False: the connection has ended.</summary>
    /// <param name="byEvent">Whether it took an event to complete it.</param>
    private bool Complete(bool byEvent) => _operation switch
    {
        Operation.Receive => OnReceived(),
        Operation.Send => OnSent(),
        Operation.ReceiveHeader => OnHeaderReceived(),
        _ => OnDataWaiting(mayBeInVain: byEvent),
    };

    private bool OnReceived()
    {
        var count = _args.BytesTransferred;
        if (_args.SocketError != SocketError.Success || count == 0)
        {
            return End(_args.SocketError == SocketError.Success ? CloseReason.ClientFin : Classify(_args.SocketError));
        }

        return Echo(_args.Offset, count);
    }

    private bool OnHeaderReceived()
    {
        var count = _args.BytesTransferred;
        if (_args.SocketError != SocketError.Success || count == 0)
        {
            return End(_args.SocketError == SocketError.Success ? CloseReason.ProxyHeader : Classify(_args.SocketError));
        }

        var status = _header!.Read(_args.Buffer.AsSpan(_args.Offset, count), out var consumed, out var client);
        if (status == ProxyHeaderStatus.Incomplete)
        {
            return true;
        }

        _header = null;
        if (status == ProxyHeaderStatus.Invalid)
        {
            Close(CloseReason.ProxyHeader);
        }
        else
        {
            Volatile.Write(ref _client, client);
            // Else a close came first, and what follows is discarded.
            if (Interlocked.CompareExchange(ref _state, Receiving, ReadingHeader) == ReadingHeader && consumed < count)
            {
                return Echo(_args.Offset + consumed, count - consumed);
            }
        }

        PrepareReceive();
        return true;
    }

    /// <summary>Prepares to send back what is in the buffer.</summary>
    private bool Echo(int offset, int count)
    {
        if (Interlocked.CompareExchange(ref _state, Echoing, Receiving) != Receiving)
        {
            // Our FIN went out while this was on its way: it is not echoed, and so not counted as received.
            PrepareReceive();
            return true;
        }

        var counters = _server.Counters.Current;
        counters.Received += count;
        _bytesReceived += count;
        _lastReceivedAt = _server.Clock.Now;
        if (counters.IsSampleDue())
        {
            _sampledAt = Stopwatch.GetTimestamp();
        }

        NoteFill(count);
        _args.SetBuffer(offset, count);
        _operation = Operation.Send;
        return true;
    }

    private bool OnSent()
    {
        var count = _args.BytesTransferred;
        // The time before the count: who sees that the bytes are out sees when.
        _lastSentAt = _server.Clock.Now;
        _bytesSent += count;
        _server.Counters.Current.Sent += count;
        if (_args.SocketError != SocketError.Success)
        {
            return End(Classify(_args.SocketError));
        }

        if (count < _args.Count)
        {
            _args.SetBuffer(_args.Offset + count, _args.Count - count);
            return true;
        }

        if (_sampledAt != 0)
        {
            _server.Observer.RecordTurnaround(Stopwatch.GetElapsedTime(_sampledAt));
            _sampledAt = 0;
        }

        if (Interlocked.CompareExchange(ref _state, Receiving, Echoing) != Echoing)
        {
            FinishClose();
        }

        PrepareReceive();
        return true;
    }

    private bool OnDataWaiting(bool mayBeInVain)
    {
        if (_args.SocketError != SocketError.Success)
        {
            return End(Classify(_args.SocketError));
        }

        // An event may be older than the read that took its bytes: the runtime does not look again (SocketAsyncContext).
        // Then, and at the end of the stream, the small segment does.
        if (!mayBeInVain || _socket!.Available > 0)
        {
            PrepareLargeReceive();
        }
        else
        {
            PrepareSmallReceive();
        }

        return true;
    }

    private void PrepareReceive()
    {
        ReturnLarge();
        if (_busy && (_state & StateMask) != Closing)
        {
            _operation = Operation.WaitForData;
            SetBuffer(_small, 0);
        }
        else
        {
            PrepareSmallReceive();
        }
    }

    private void PrepareSmallReceive()
    {
        _operation = Operation.Receive;
        SetBuffer(_small, _small.Length);
    }

    /// <summary>For a receive that will find something: a large segment must not wait for a client.</summary>
    private void PrepareLargeReceive()
    {
        // What is read while closing is only discarded.
        if ((_state & StateMask) == Closing || !_server.Buffers.TryRentLarge(out _large))
        {
            PrepareSmallReceive();
            return;
        }

        _operation = Operation.Receive;
        SetBuffer(_large, _large.Length);
    }

    private void SetBuffer(BufferSegment segment, int count)
    {
        if (ReferenceEquals(_args.Buffer, segment.Array))
        {
            _args.SetBuffer(segment.Offset, count);
        }
        else
        {
            _args.SetBuffer(segment.Array, segment.Offset, count);
        }
    }

    /// <summary>Learns from how full a read was whether the connection is busy.</summary>
    private void NoteFill(int count)
    {
        _filled = count == _args.Count;
        if (_filled)
        {
            _busy = _server.Buffers.HasLarge;
            _shortReads = 0;
        }
        else if (_busy)
        {
            _shortReads = count > _small.Length ? (byte)0 : (byte)(_shortReads + 1);
            _busy = _shortReads < ShortReadsUntilQuiet;
        }
    }

    private void ReturnLarge()
    {
        if (!_large.IsEmpty)
        {
            var segment = _large;
            _large = default;
            // The event args must not point to it any longer when another connection gets it.
            _args.SetBuffer(_small.Array, _small.Offset, _small.Length);
            _server.Buffers.Return(segment);
        }
    }

    /// <summary>The echo is out and a close was asked for meanwhile.</summary>
    private void FinishClose()
    {
        var observed = Volatile.Read(ref _state);
        if ((observed & StateMask) == Finishing)
        {
            Volatile.Write(ref _closingSince, _server.Clock.Now);
            if (Interlocked.CompareExchange(ref _state, With(Closing, ReasonOf(observed)), observed) == observed)
            {
                SendFin();
            }
        }

        // Else it was aborted: the next operation finds the socket disposed.
    }

    private void SendFin()
    {
        try
        {
            _socket?.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The peer has reset the connection or the loop has ended it: the loop knows or will find out.
        }
    }

    private void Expire()
    {
        var observed = Volatile.Read(ref _state);
        if ((observed & StateMask) == Closing
            && Interlocked.CompareExchange(ref _state, With(Aborted, ReasonOf(observed)), observed) == observed)
        {
            DropSocket(reset: false);
        }
    }

    /// <summary>Takes the socket away from the loop, which then ends: its operation is aborted, or the next one throws.</summary>
    private void DropSocket(bool reset)
    {
        if (_socket is not { } socket)
        {
            return;
        }

        try
        {
            _localEndPoint ??= (IPEndPoint?)socket.LocalEndPoint;
            if (reset)
            {
                socket.LingerState = new LingerOption(enable: true, seconds: 0);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Gone already.
        }

        socket.Dispose();
    }

    /// <summary>Frees everything. Called once, by the loop.</summary>
    /// <returns>False, for the loop to stop.</returns>
    private bool End(CloseReason reason)
    {
        var socket = _socket!;
        _localEndPoint ??= ReadLocalEndPoint();
        Volatile.Write(ref _endedAt, _server.Clock.Now);
        var observed = Interlocked.Exchange(ref _state, With(Ended, reason));
        if (ReasonOf(observed) != CloseReason.None)
        {
            reason = ReasonOf(observed);
            Volatile.Write(ref _state, With(Ended, reason));
        }

        _socket = null;
        socket.Dispose();
        ReturnLarge();
        _server.OnEnded(this, reason, _args, _small);
        return false;
    }

    private IPEndPoint? ReadLocalEndPoint()
    {
        try
        {
            return (IPEndPoint?)_socket?.LocalEndPoint;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }

    private long LastAcknowledgedAt(long now)
    {
        if (_socket is { } socket && TcpInfo.TryReadBytesAcknowledged(socket, out var acknowledged) && acknowledged != _acknowledged)
        {
            _acknowledged = acknowledged;
            _acknowledgedAt = now;
        }

        return _acknowledgedAt;
    }
}
