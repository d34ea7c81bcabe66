using System.Net;
using System.Net.Sockets;
using EchoService.Transport.Accepting;
using EchoService.Transport.Buffers;
using EchoService.Transport.Connections;
using EchoService.Transport.Fairness;
using EchoService.Transport.ProxyProtocol;
using EchoService.Transport.Timing;
using EchoService.Transport.Udp;

namespace EchoService.Transport;

/// <summary>
/// The data plane as a whole: what its connections share, and the few things that can be asked of it from outside:
/// listen, stop listening, close everyone. It knows nothing of HTTP, phases or drains.
/// </summary>
internal sealed class EchoServer : IDisposable
{
    /// <summary>How often any free port is tried when it has to be free for UDP too.</summary>
    private const int BindAttempts = 10;

    /// <summary>Large buffer segments may hold this share of the memory that the process may use.</summary>
    private const int LargeBufferShare = 4;

    private readonly Lock _lock = new();
    private readonly SocketAsyncEventArgsPool _pool;
    private readonly Turnstile[] _turnstiles;
    private readonly Heartbeat _heartbeat;
    private ConnectionListener? _listener;
    private UdpEchoServer? _udp;
    private IPEndPoint? _endPoint;
    private long _lastId;
    private bool _disposed;

    public EchoServer(
        EchoOptions options, DescriptorBudget descriptors, IConnectionObserver observer, TimeProvider timeProvider, ILogger<EchoServer> logger)
    {
        Options = options;
        Timeouts = ConnectionTimeouts.From(options);
        TrustedProxies = options.ProxyProtocol == ProxyProtocolMode.Required ? new TrustedProxies(options.TrustedProxies) : null;
        Observer = observer;
        TimeProvider = timeProvider;
        Logger = logger;
        Clock = new CoarseClock(timeProvider);
        var limit = descriptors.Connections;
        if (limit < options.MaxConnections)
        {
            Log.LimitLowered(logger, options.MaxConnections, limit);
        }

        Limit = new ConnectionLimit(limit);
        Connections = new ConnectionRegistry(limit);
        Buffers = new BufferManager(
            options.ReceiveBufferSize, options.MaxReceiveBufferSize, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / LargeBufferShare);
        _pool = new SocketAsyncEventArgsPool(limit);
        // One for each socket thread: the runtime hands sockets to its threads in turn, and starts one per processor
        // when completions run inline (SocketAsyncEngine.Unix.cs).
        _turnstiles = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Turnstile(this))];
        _heartbeat = new Heartbeat(this, timeProvider);
    }

    /// <summary>The last connection has ended. Raised on whatever thread it ended on; handlers must not block for long.</summary>
    public event Action? Emptied;

    public EchoOptions Options { get; }

    public ConnectionTimeouts Timeouts { get; }

    /// <summary>Who may connect, and begins with a PROXY header; null: anyone, and nobody does.</summary>
    public TrustedProxies? TrustedProxies { get; }

    public IConnectionObserver Observer { get; }

    public TimeProvider TimeProvider { get; }

    public ILogger Logger { get; }

    public CoarseClock Clock { get; }

    public BufferManager Buffers { get; }

    public ConnectionLimit Limit { get; }

    public TransportCounters Counters { get; } = new();

    public UdpCounters UdpCounters { get; } = new();

    public ConnectionRegistry Connections { get; }

    public SocketAsyncEventArgsPool EventArgs => _pool;

    /// <summary>What is or was last listened on; null before the first time.</summary>
    public IPEndPoint? EndPoint => Volatile.Read(ref _endPoint);

    /// <summary>Whether clients can connect, and datagrams are answered where they are at all.</summary>
    public bool IsListening => Volatile.Read(ref _listener) is not null;

    /// <summary>Binds the listeners, the second time on the port of the first, and accepts. Does nothing when it listens already.</summary>
    /// <exception cref="SocketException">The address is not ours, or the port is taken or not allowed.</exception>
    public void Listen()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_listener is not null)
            {
                return;
            }

            var listener = Bind(_endPoint?.Port ?? Options.Port, out _udp);
            _endPoint = listener.EndPoint;
            _listener = listener;
            listener.Start();
            Log.Listening(Logger, listener.EndPoint);
            _udp?.Start();
        }
    }

    /// <summary>Closes the listeners; open connections go on.</summary>
    public void StopListening()
    {
        lock (_lock)
        {
            _listener?.Close();
            _listener = null;
            _udp?.Close();
            _udp = null;
        }
    }

    /// <summary>Makes a connection of an accepted socket, or turns it away.</summary>
    /// <param name="socket">The socket; the server owns it from here on.</param>
    /// <param name="placeTaken">Whether a place was taken for it before it was accepted.</param>
    public void Admit(Socket socket, bool placeTaken)
    {
        if (!placeTaken && !Limit.TryTake())
        {
            // Where clients queue, nobody comes without a place but those whom a listener that closes finds waiting.
            TurnAway(socket, Options.LimitPolicy == LimitPolicy.Queue ? RejectReason.Draining : RejectReason.Limit);
            return;
        }

        // Entered before the listener is looked at: a drain closes the listener before it looks for who has entered,
        // so either this sees the closed listener, or the drain sees this connection.
        Limit.Enter();
        if (!IsListening)
        {
            TurnAway(socket, RejectReason.Draining);
            Leave();
            return;
        }

        EchoConnection connection;
        try
        {
            connection = new EchoConnection(this, Interlocked.Increment(ref _lastId), socket, Buffers.Rent(), _pool, NextExpiry());
        }
        catch (OutOfMemoryException)
        {
            TurnAway(socket, RejectReason.Resource);
            Leave();
            return;
        }

        Counters.CountAccepted();
        Connections.Add(connection);
        if (!IsListening)
        {
            // Too late to be on the list of those whom a drain closes, or the end of the server cuts off.
            _ = Volatile.Read(ref _disposed) ? connection.Abort(CloseReason.DrainForced) : connection.Close(CloseReason.Drain);
        }

        connection.Start();
    }

    /// <summary>Lets <paramref name="connection"/> go on when the others have had their turn.</summary>
    /// <param name="connection">A connection with no operation outstanding and no bytes in hand.</param>
    /// <param name="turnIsOver">Whether it has to wait; otherwise it does if that saves work.</param>
    /// <returns>False: it may go on at once.</returns>
    public bool TryYield(EchoConnection connection, bool turnIsOver)
    {
        if (Turnstile.OfThisThread(this) is { } turnstile)
        {
            if (!turnIsOver)
            {
                return turnstile.TryEnqueue(connection);
            }

            turnstile.Enqueue(connection);
        }
        else if (turnIsOver)
        {
            _turnstiles[(int)(connection.Id % _turnstiles.Length)].EnqueueFromElsewhere(connection);
        }

        return turnIsOver;
    }

    /// <summary>A connection is over: takes back what it had borrowed. Called by its loop, as the last thing.</summary>
    public void OnEnded(EchoConnection connection, CloseReason reason, ConnectionEventArgs args, BufferSegment segment)
    {
        args.SetBuffer(null, 0, 0);
        _pool.Return(args);
        Buffers.Return(segment);
        Counters.CountClosed(reason, connection.PendingBytes);
        Observer.RecordDuration(connection.Duration);
        if (reason == CloseReason.ClientReset)
        {
            Log.ConnectionReset(Logger, connection.Id, connection.PeerEndPoint);
        }

        Connections.MoveToEnded(connection);
        Leave();
    }

    /// <summary>Stops listening and resets whoever is still connected.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        StopListening();
        foreach (var connection in Connections.Live)
        {
            connection.Abort(CloseReason.DrainForced);
        }

        _heartbeat.Dispose();
        _pool.Dispose();
        CloseTurnstilesWhenEmpty();
    }

    /// <summary>Binds TCP, and UDP where it is on to the same port.</summary>
    private ConnectionListener Bind(int port, out UdpEchoServer? udp)
    {
        for (var attempt = 1; ; attempt++)
        {
            var listener = ConnectionListener.Bind(this, port);
            try
            {
                udp = Options.Udp.Enabled ? UdpEchoServer.Bind(this, listener.EndPoint) : null;
                return listener;
            }
            catch (SocketException exception)
            {
                listener.Close();
                if (port != 0 || exception.SocketErrorCode != SocketError.AddressAlreadyInUse || attempt == BindAttempts)
                {
                    throw;
                }
            }
        }
    }

    private void CloseTurnstilesWhenEmpty()
    {
        // Not before: a connection that waits for its turn would never learn that it is over.
        if (Volatile.Read(ref _disposed) && Limit.Active == 0)
        {
            foreach (var turnstile in _turnstiles)
            {
                turnstile.Close();
            }
        }
    }

    private void Leave()
    {
        if (Limit.Leave() == 0)
        {
            Emptied?.Invoke();
            CloseTurnstilesWhenEmpty();
        }
    }

    /// <summary>Counts an accepted socket and ends it by FIN.</summary>
    /// <param name="socket">The socket; the server owns it from here on.</param>
    /// <param name="reason">Why it does not become a connection.</param>
    public void TurnAway(Socket socket, RejectReason reason)
    {
        Counters.CountRejected(reason);
        if (reason == RejectReason.Resource)
        {
            // Nothing is to be had for more than this.
            socket.Dispose();
            return;
        }

        Farewell.Say(socket, Options.CloseTimeout, TimeProvider);
    }

    private long NextExpiry()
    {
        if (Options.MaxLifetime == TimeSpan.Zero)
        {
            return long.MaxValue;
        }

        // ± 10 %, so that clients who came together do not leave together.
        var jitter = 0.9 + (Random.Shared.NextDouble() * 0.2);
        return Clock.Now + (long)(Options.MaxLifetime.TotalMilliseconds * jitter);
    }
}
