using System.Net;
using System.Net.Sockets;
using EchoService.Transport.Accepting;
using EchoService.Transport.Buffers;
using EchoService.Transport.Connections;
using EchoService.Transport.Fairness;
using EchoService.Transport.Faults;
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
    /// <summary>Large buffer segments may hold this share of the memory that the process may use.</summary>
    private const int LargeBufferShare = 4;

    private readonly Turnstiles _turnstiles = new(static () => new Bell());
    private readonly ConnectionContext _context;
    private readonly Listeners _listeners;
    private readonly ILogger _logger;
    private readonly Heartbeat _heartbeat;
    private long _lastId;
    private bool _disposed;

    public EchoServer(
        EchoOptions options, DescriptorBudget descriptors, IConnectionObserver observer, TimeProvider timeProvider, ILogger<EchoServer> logger)
    {
        Options = options;
        TimeProvider = timeProvider;
        _logger = logger;
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
        EventArgs = new SocketAsyncEventArgsPool(limit);
        Faults = new FaultTable(Connections, Clock, timeProvider, logger) { LastConnectionId = () => Volatile.Read(ref _lastId) };
        _context = new ConnectionContext
        {
            Timeouts = ConnectionTimeouts.From(options),
            TrustedProxies = options.ProxyProtocol == ProxyProtocolMode.Required ? new TrustedProxies(options.TrustedProxies) : null,
            TimeProvider = timeProvider,
            Clock = Clock,
            Buffers = Buffers,
            EventArgs = EventArgs,
            Turnstiles = _turnstiles,
            Counters = Counters,
            Faults = Faults,
            Observer = observer,
            Logger = logger,
            Ended = OnEnded,
        };
        ListenerContext = new ListenerContext
        {
            Options = options,
            Limit = Limit,
            Counters = Counters,
            TimeProvider = timeProvider,
            Logger = logger,
            Admit = Admit,
            Gate = Gate,
            TurnAway = TurnAway,
        };
        var udpContext = new UdpContext { Options = options.Udp, Counters = UdpCounters, Faults = Faults, Turnstiles = _turnstiles, TimeProvider = timeProvider, Logger = logger };
        _listeners = new Listeners(ListenerContext, udpContext);
        Faults.ListenerFaultChanged = _listeners.OnFault;
        _heartbeat = new Heartbeat(Clock, Connections, _turnstiles, _context.Timeouts.SweepInterval, timeProvider);
    }

    /// <summary>The last connection has ended. Raised on whatever thread it ended on; handlers must not block for long.</summary>
    public event Action? Emptied;

    public EchoOptions Options { get; }

    public TimeProvider TimeProvider { get; }

    public CoarseClock Clock { get; }

    public BufferManager Buffers { get; }

    public ConnectionLimit Limit { get; }

    public TransportCounters Counters { get; } = new();

    public UdpCounters UdpCounters { get; } = new();

    public ConnectionRegistry Connections { get; }

    public SocketAsyncEventArgsPool EventArgs { get; }

    /// <summary>Makes the line that a connection begins with which came by <see cref="ListenerKind.Banner"/>, from its id. Set once, before the first <see cref="Listen"/>.</summary>
    public Func<long, byte[]>? Banner { get; set; }

    /// <summary>What its listeners know of it.</summary>
    public ListenerContext ListenerContext { get; }

    /// <summary>How it misbehaves, where it was told to.</summary>
    public FaultTable Faults { get; }

    /// <summary>What the accept loops pass with whom they have accepted.</summary>
    public AcceptGate Gate { get; } = new();

    /// <summary>What is or was last listened on; null before the first time.</summary>
    public IPEndPoint? EndPoint => _listeners.EndPoint;

    /// <summary>The same of the listener with a banner; null where there is none.</summary>
    public IPEndPoint? BannerEndPoint => _listeners.BannerEndPoint;

    /// <summary>Whether clients can connect, and datagrams are answered where they are at all.</summary>
    public bool IsListening => _listeners.AreOpen;

    /// <summary>Whether a listener that a fault had closed is not back though the fault is over, for its port is taken.</summary>
    public bool LacksListener => _listeners.LackPort;

    /// <summary>Binds the listeners, the second time on the port of the first, and accepts. Does nothing when it listens already.</summary>
    /// <exception cref="SocketException">The address is not ours, or the port is taken or not allowed.</exception>
    public void Listen() => _listeners.Open();

    /// <summary>Closes the listeners; open connections go on.</summary>
    public void StopListening() => _listeners.Close();

    /// <summary>Makes a connection of an accepted socket, or turns it away.</summary>
    /// <param name="socket">The socket; the server owns it from here on.</param>
    /// <param name="listener">What accepted it.</param>
    /// <param name="placeTaken">Whether a place was taken for it before it was accepted.</param>
    private void Admit(Socket socket, ListenerKind listener, bool placeTaken)
    {
        if (Faults.OfNewSockets is { } fault && TryReset(socket, fault))
        {
            if (placeTaken)
            {
                Limit.GiveBack();
            }

            return;
        }

        if (!placeTaken && !Limit.TryTake())
        {
            // Where clients queue, nobody comes without a place but those whom a listener that closes finds waiting.
            TurnAway(socket, Options.LimitPolicy == LimitPolicy.Queue ? RejectReason.Draining : RejectReason.Limit);
            return;
        }

        // Entered before the listener is looked at: a drain closes the listener before it looks for who has entered,
        // so either this sees the closed listener, or the drain sees this connection.
        Limit.Enter();
        if (!_listeners.AreWanted)
        {
            TurnAway(socket, RejectReason.Draining);
            Leave();
            return;
        }

        EchoLoop connection;
        try
        {
            connection = new EchoLoop(_context, Interlocked.Increment(ref _lastId), socket, listener, NextExpiry());
        }
        catch (Exception exception) when (exception is OutOfMemoryException or InvalidOperationException)
        {
            // Nothing of it is left: what it had borrowed is back.
            TurnAway(socket, RejectReason.Resource);
            Leave();
            return;
        }

        Counters.CountAccepted();
        Connections.Add(connection);
        Faults.Meet(connection);
        if (!_listeners.AreWanted)
        {
            // Too late to be on the list of those whom a drain closes, or the end of the server cuts off.
            _ = Volatile.Read(ref _disposed) ? connection.Abort(CloseReason.DrainForced) : connection.Close(CloseReason.Drain);
        }

        connection.Start(listener == ListenerKind.Banner ? Banner?.Invoke(connection.Id) : null);
    }

    /// <summary>Stops listening and resets whoever is still connected.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, true))
        {
            return;
        }

        _listeners.Dispose();
        foreach (var connection in Connections.Live)
        {
            connection.Abort(CloseReason.DrainForced);
        }

        Gate.Open();
        Faults.Dispose();
        _heartbeat.Dispose();
        EventArgs.Dispose();
        CloseTurnstilesWhenEmpty();
    }

    /// <summary>Resets who has just been accepted, if that fault is about him.</summary>
    private static bool TryReset(Socket socket, Fault fault)
    {
        try
        {
            if (!fault.Covers(((IPEndPoint)socket.RemoteEndPoint!).Address) || !fault.DrawNext())
            {
                return false;
            }

            fault.CountConnection();
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (SocketException)
        {
            // Gone already.
        }

        socket.Dispose();
        return true;
    }

    private void CloseTurnstilesWhenEmpty()
    {
        // Not before: a connection that waits for its turn would never learn that it is over.
        if (Volatile.Read(ref _disposed) && Limit.Active == 0)
        {
            _turnstiles.Dispose();
        }
    }

    private void OnEnded(EchoConnection connection)
    {
        try
        {
            Counters.CountClosed(connection.CloseReason, connection.CloseOutcome, connection.PendingBytes);
            _context.Observer.RecordDuration(connection.Duration);
            if (connection.CloseReason == CloseReason.ClientReset)
            {
                Log.ConnectionReset(_logger, connection.Id, connection.PeerEndPoint);
            }
        }
        finally
        {
            // Whatever fails, the place is given back.
            Connections.MoveToEnded(connection);
            Leave();
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
    private void TurnAway(Socket socket, RejectReason reason)
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
