using System.Net;
using System.Net.Sockets;
using EchoService.Transport.Accepting;
using EchoService.Transport.Faults;
using EchoService.Transport.Faults.Holds;

namespace EchoService.Transport.Connections;

/// <summary>
/// One client as the rest of the service sees it: who it is, what it has moved, and the two signals that it can be
/// given. What makes it echo is <see cref="EchoLoop"/>, which is the same object and alone runs its code.
/// </summary>
/// <remarks>Never reused, unlike the event args: whoever still holds it after the end reads final figures.</remarks>
internal abstract class EchoConnection
{
    private readonly long _acceptedAt;
    private readonly long _expiresAt;
    private CloseState _state;
    private ConnectionFigures _figures;
    private ProgressWatch _watch = new();
    private IPEndPoint? _client;
    private IPEndPoint? _localEndPoint;
    private long _endedAt;

    // All that a connection knows of faults; null while none has hold of it.
    private Detour? _detour;

    /// <param name="context">What it shares with the others.</param>
    /// <param name="id">Never given to another.</param>
    /// <param name="socket">Accepted; the connection owns it.</param>
    /// <param name="listener">What accepted it.</param>
    /// <param name="expiresAt">When it has reached its age, in milliseconds of the clock.</param>
    protected EchoConnection(ConnectionContext context, long id, Socket socket, ListenerKind listener, long expiresAt)
    {
        Context = context;
        Socket = socket;
        // The loop never waits in a call.
        socket.Blocking = false;
        Id = id;
        Listener = listener;
        PeerEndPoint = (IPEndPoint)socket.RemoteEndPoint!;
        ConnectedAt = context.Clock.Now;
        _acceptedAt = context.TimeProvider.GetTimestamp();
        _expiresAt = expiresAt;
        _figures = new ConnectionFigures(ConnectedAt);
        _state = new CloseState(context.TrustedProxies is null ? ConnectionPhase.Receiving : ConnectionPhase.ReadingHeader);
    }

    /// <summary>Never reused within a process.</summary>
    public long Id { get; }

    /// <summary>What accepted it.</summary>
    public ListenerKind Listener { get; }

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

    public long LastReceivedAt => _figures.LastReceivedAt;

    public long LastSentAt => _figures.LastSentAt;

    /// <summary>When it ended, once <see cref="State"/> says that it has.</summary>
    public long EndedAt => Volatile.Read(ref _endedAt);

    /// <summary>Time since it was accepted, to the precision of the clock rather than of a heartbeat.</summary>
    public TimeSpan Duration => Context.TimeProvider.GetElapsedTime(_acceptedAt);

    /// <summary>The last time a byte moved in either direction.</summary>
    public long LastActiveAt => Math.Max(LastReceivedAt, LastSentAt);

    public long BytesReceived => _figures.BytesReceived;

    public long BytesSent => _figures.BytesSent;

    /// <summary>Bytes received and not yet taken by the kernel for the way back; once closed, those that never were.</summary>
    public long PendingBytes
    {
        get
        {
            // Sent first, for it is the smaller one.
            var sent = BytesSent;
            return BytesReceived + _figures.BytesAltered - sent;
        }
    }

    /// <summary>The way that its bytes take while a fault has hold of it, or took until one ended it; null: none has.</summary>
    public Detour? Detour => Volatile.Read(ref _detour);

    /// <summary>Whether it is known who the client is: a PROXY header, where there has to be one, is complete.</summary>
    public bool IsIdentified => _state.Phase != ConnectionPhase.ReadingHeader;

    /// <summary>Who asked for its end; <see cref="Connections.CloseReason.None"/> while it is open.</summary>
    public CloseReason CloseReason => _state.Reason;

    /// <summary>How it ended; <see cref="CloseOutcome.None"/> while it has not.</summary>
    public CloseOutcome CloseOutcome => _state.Outcome;

    public ConnectionState State => _state.Phase switch
    {
        ConnectionPhase.Receiving or ConnectionPhase.Echoing or ConnectionPhase.ReadingHeader => ConnectionState.Open,
        ConnectionPhase.Ended => ConnectionState.Closed,
        _ => ConnectionState.Closing,
    };

    /// <summary>The registry's own: the next connection in its table's bucket.</summary>
    public EchoConnection? NextInBucket { get; set; }

    /// <summary>What it shares with the others.</summary>
    protected ConnectionContext Context { get; }

    /// <summary>For the loop and its detour. Null once it has ended. The loop frees it, unless an abort has taken it away.</summary>
    public Socket? Socket { get; private set; }

    /// <summary>Where it stands; changed by the loop, its detour, and whoever closes.</summary>
    public ref CloseState Progress => ref _state;

    /// <summary>Written by the loop and its detour.</summary>
    public ref ConnectionFigures Figures => ref _figures;

    /// <summary>
    /// Asks for a graceful close: what has been read is echoed, then FIN, then what still comes is discarded until the
    /// peer's FIN. How long a peer is waited for: <see cref="ConnectionTimeouts.Decide"/>.
    /// </summary>
    /// <returns>Whether this call began the close; false when one was under way already.</returns>
    public bool Close(CloseReason reason)
    {
        var began = _state.TryClose(reason, out var sendFin);
        if (began && sendFin)
        {
            SendFin();
        }

        Detour?.Wake();
        return began;
    }

    /// <summary>Drops the socket and resets the peer. What was not echoed yet is lost, and counted as such.</summary>
    /// <param name="reason">Why. A close under way keeps the reason it had, unless this is <see cref="Connections.CloseReason.DrainForced"/>.</param>
    /// <returns>Whether this call did it; false when the connection had ended or been aborted already.</returns>
    public bool Abort(CloseReason reason)
    {
        var aborted = _state.TryAbort(reason);
        if (aborted)
        {
            DropSocket(reset: true);
        }

        return aborted;
    }

    /// <summary>Lets a fault take hold of it.</summary>
    /// <returns>False: another of its kind has, or it is about to end.</returns>
    public bool TryHold(Hold hold)
    {
        while (true)
        {
            var detour = Detour;
            if (detour is null)
            {
                var fresh = new Detour((EchoLoop)this, Context);
                detour = Interlocked.CompareExchange(ref _detour, fresh, null) ?? fresh;
            }

            if (detour.TryAdd(hold, out var isOver))
            {
                return true;
            }

            // One that is over has left, or stays since the connection has ended.
            if (!isOver || detour == Detour)
            {
                return false;
            }
        }
    }

    /// <summary>No fault has hold of it any more, and nothing is held back. Called by the detour alone.</summary>
    public void LeaveDetour() => Volatile.Write(ref _detour, null);

    /// <summary>Applies the timeouts. Called by the sweep alone.</summary>
    /// <param name="now">Milliseconds of the server's clock.</param>
    public void CheckTimeouts(long now)
    {
        var phase = _state.Phase;
        if (phase >= ConnectionPhase.Aborted || Socket is not { } socket)
        {
            return;
        }

        var received = BytesReceived;
        var discarded = _figures.BytesDiscarded;
        _watch.Look(received + BytesSent, discarded, phase >= ConnectionPhase.Finishing, now);
        if (Detour is { HoldsBack: true })
        {
            // It is not the client that makes it wait.
            _watch.Restart(now);
        }

        if (phase == ConnectionPhase.Closing
            ? _watch.FinAcknowledgedAt == ProgressWatch.Never
            : phase is ConnectionPhase.Echoing or ConnectionPhase.Finishing && now > _watch.MovedAt)
        {
            // Where the kernel does not say, the FIN counts as acknowledged once it is out.
            var info = TcpInfo.TryRead(socket, out var read) ? read : new TcpInfo(0, IsFinAcknowledged: true);
            _watch.LookAtKernel(info, finIsOut: phase == ConnectionPhase.Closing, now);
        }

        switch (Context.Timeouts.Decide(phase, in _watch, _expiresAt, now))
        {
            // The first two wait for the client. After a stall of the process itself its bytes may be here and wait for
            // the loop, and it is not the client that was late.
            case TimeoutVerdict.ProxyHeader when !HasMoreCome(socket, received + discarded):
                if (_state.TryCloseReadingHeader())
                {
                    SendFin();
                }

                break;
            case TimeoutVerdict.Idle when !HasMoreCome(socket, received + discarded):
                Close(CloseReason.IdleTimeout);
                break;
            case TimeoutVerdict.Send:
                // A FIN would make the truncated echo look complete.
                Abort(CloseReason.SendTimeout);
                break;
            case TimeoutVerdict.Lifetime:
                Close(CloseReason.MaxLifetime);
                break;
            // This one waits for the client's FIN, which may be here likewise, unless it goes on sending for ever.
            case TimeoutVerdict.Close when _watch.PeerGoesOn || !HasMoreCome(socket, received + discarded):
                Expire();
                break;
        }
    }

    /// <summary>The PROXY header has named the client.</summary>
    protected void Identify(IPEndPoint? client) => Volatile.Write(ref _client, client);

    public void SendFin()
    {
        try
        {
            Socket?.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The peer has reset the connection or the loop has ended it: the loop knows or will find out.
        }
    }

    /// <summary>The loop is over: closes the socket and settles how it ended.</summary>
    /// <returns>False: it had been settled before.</returns>
    protected bool TrySettle(CloseReason reason, CloseOutcome outcome)
    {
        _localEndPoint ??= ReadLocalEndPoint();
        Volatile.Write(ref _endedAt, Context.Clock.Now);
        if (!_state.TryEnd(reason, outcome))
        {
            return false;
        }

        switch (_state.Outcome)
        {
            case CloseOutcome.InOrder:
                // Who closes, the sweep or a reader of figures may have the handle in use just now. The runtime makes such
                // calls return by a reset, and what the kernel still holds is lost, unless the socket was shut down
                // (SafeSocketHandle).
                SendFin();
                break;
            case CloseOutcome.CutByService:
                // Whoever cut it off may not have come to that yet.
                ResetWhenClosed(Socket);
                break;
        }

        var socket = Socket;
        Socket = null;
        socket?.Dispose();
        return true;
    }

    /// <summary>
    /// Whether something has come that the sweep has not seen counted: it waits in the kernel, or the loop has just
    /// taken it, which the kernel's own count shows and what is left to read does not.
    /// </summary>
    private static bool HasMoreCome(Socket socket, long seen)
    {
        // Some kernels count nothing.
        if (TcpInfo.TryRead(socket, out var info) && info.BytesReceived >= (ulong)seen)
        {
            return info.BytesReceived > (ulong)seen;
        }

        try
        {
            return socket.Available > 0;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private void Expire()
    {
        // Whoever still sends gets a reset in answer, whatever we do.
        if (_state.TryExpire(_watch.PeerGoesOn ? CloseOutcome.CutByService : CloseOutcome.InOrder))
        {
            DropSocket(reset: _watch.PeerGoesOn);
        }
    }

    /// <summary>Takes the socket away from the loop, which then ends: its operation is aborted, or the next one throws.</summary>
    private void DropSocket(bool reset)
    {
        if (Socket is not { } socket)
        {
            return;
        }

        try
        {
            _localEndPoint ??= (IPEndPoint?)socket.LocalEndPoint;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Gone already.
        }

        if (reset)
        {
            ResetWhenClosed(socket);
        }

        socket.Dispose();
        // Where nothing is outstanding, nothing else tells it.
        Detour?.Wake();
    }

    private static void ResetWhenClosed(Socket? socket)
    {
        try
        {
            socket?.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Gone already.
        }
    }

    private IPEndPoint? ReadLocalEndPoint()
    {
        try
        {
            return (IPEndPoint?)Socket?.LocalEndPoint;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }
}
