using System.Net.Sockets;
using EchoService.Transport;
using EchoService.Transport.Connections;

namespace EchoService.Lifecycle;

/// <summary>
/// The one state machine of the service: serving → lame duck → draining → forcing → drained, and back to serving from
/// wherever an API call started it. Calls and signals push it; one timer and the last connection's end move it on.
/// </summary>
internal sealed class ServiceLifecycle : IDisposable
{
    private readonly Lock _lock = new();
    private readonly EchoServer _server;
    private readonly DrainOptions _options;
    private readonly TimeProvider _timeProvider;
    private readonly ILogger _logger;
    private readonly ITimer _timer;
    private Drain? _drain;
    private DrainCloses _closedByEarlierDrains;
    private volatile ServicePhase _phase;

    public ServiceLifecycle(EchoServer server, DrainOptions options, TimeProvider timeProvider, ILogger<ServiceLifecycle> logger)
    {
        _server = server;
        _options = options;
        _timeProvider = timeProvider;
        _logger = logger;
        _timer = timeProvider.CreateTimer(static state => ((ServiceLifecycle)state!).MoveOn(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        server.Emptied += OnEmptied;
    }

    /// <summary>Raised at every change of <see cref="Phase"/>, in order, with the phase that was and the one that is. Handlers must not block.</summary>
    public event Action<ServicePhase, ServicePhase>? PhaseChanged;

    /// <summary>Where the service is.</summary>
    public ServicePhase Phase => _phase;

    /// <summary>The drain as it stands, or all zeros while serving.</summary>
    public DrainStatus Status
    {
        get
        {
            lock (_lock)
            {
                return Read();
            }
        }
    }

    /// <summary>Connections that ended while a drain was on, over all drains of this process; never goes back.</summary>
    public DrainCloses ClosedByDrains
    {
        get
        {
            lock (_lock)
            {
                return _closedByEarlierDrains + Read().Closed;
            }
        }
    }

    /// <summary>
    /// Starts a drain, or joins the one that is on: then only a shorter timeout counts, and brings the deadline forward.
    /// </summary>
    /// <param name="request">What to do differently from the configuration.</param>
    /// <param name="trigger">Who asks. A signal takes over a drain that the API started, which then cannot be taken back.</param>
    public DrainStatus BeginDrain(DrainRequest request, DrainTrigger trigger)
    {
        lock (_lock)
        {
            var now = Now();
            if (_drain is null)
            {
                // Its promise is to clients, and a fault would break it.
                _server.Faults.OnDrain();
                var lameDuckEnds = now + (request.ReadinessDelay ?? _options.ReadinessDelay);
                _drain = new Drain
                {
                    Trigger = trigger,
                    StartedAt = now,
                    LameDuckEnds = lameDuckEnds,
                    Deadline = lameDuckEnds + (request.Timeout ?? _options.Timeout),
                    Spread = request.Spread ?? _options.Spread,
                    OnDeadline = request.OnDeadline ?? _options.OnDeadline,
                    ClosedBefore = DrainCloses.Read(_server.Counters),
                    UnsentBefore = _server.Counters.Abandoned,
                };
                var connections = Read().Remaining;
                Log.DrainStarted(_logger, trigger, connections, _drain.Deadline);
                Enter(ServicePhase.LameDuck);
            }
            else if (trigger == DrainTrigger.Signal && _drain.Trigger == DrainTrigger.Api)
            {
                TakeOver(_drain, request, now);
            }
            else if (request.Timeout is { } timeout)
            {
                BringForward(now, timeout);
            }

            Advance();
            return Read();
        }
    }

    /// <summary>Ends the wait: who is left is closed by force now. Does nothing while serving.</summary>
    public void Force()
    {
        lock (_lock)
        {
            if (_drain is not null)
            {
                var now = Now();
                _drain.LameDuckEnds = Min(_drain.LameDuckEnds, now);
                _drain.Deadline = Min(_drain.Deadline, now);
                Advance();
            }
        }
    }

    /// <summary>Takes a drain back: the listener is bound again, and who is still connected stays.</summary>
    /// <returns>The state after it: serving.</returns>
    /// <exception cref="InvalidOperationException">A signal is behind the drain: the process is about to end.</exception>
    /// <exception cref="SocketException">The port could not be bound again; the drain goes on.</exception>
    public DrainStatus CancelDrain()
    {
        lock (_lock)
        {
            if (_drain is { Trigger: DrainTrigger.Signal })
            {
                throw new InvalidOperationException("The drain was triggered by a signal: the process ends when it is over.");
            }

            if (_drain is not null)
            {
                _server.Listen();
                _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                _drain.Closes?.Dispose();
                _closedByEarlierDrains += Read().Closed;
                _drain = null;
                _server.Faults.OnDrainOver();
                Log.DrainCancelled(_logger);
                Enter(ServicePhase.Serving);
            }

            return Read();
        }
    }

    public void Dispose()
    {
        _server.Emptied -= OnEmptied;
        _timer.Dispose();
        _drain?.Closes?.Dispose();
    }

    private static DateTimeOffset Min(DateTimeOffset left, DateTimeOffset right) => left < right ? left : right;

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;

    // Nobody steps this one; what is told of it follows the wall clock.
    private DateTimeOffset Now() => _server.Clock.SteadyNow;

    private void BringForward(DateTimeOffset now, TimeSpan timeout)
    {
        var from = Phase == ServicePhase.LameDuck ? _drain!.LameDuckEnds : now;
        _drain!.Deadline = Min(_drain.Deadline, from + timeout);
    }

    /// <summary>
    /// A signal finds a drain of the API. Whoever sent it waits no longer than the configuration promises, and what the
    /// API was asked for counts where it is sooner.
    /// </summary>
    private void TakeOver(Drain drain, DrainRequest request, DateTimeOffset now)
    {
        drain.Trigger = DrainTrigger.Signal;
        if (Phase == ServicePhase.LameDuck)
        {
            drain.LameDuckEnds = Min(drain.LameDuckEnds, now + (request.ReadinessDelay ?? _options.ReadinessDelay));
        }

        BringForward(now, request.Timeout ?? _options.Timeout);
        var spread = request.Spread ?? _options.Spread;
        if (spread < TimeSpan.Zero)
        {
            // Not before the deadline: whatever was asked for is sooner.
            return;
        }

        // Nobody is left for the deadline by a plan that is made now.
        spread = Min(spread, drain.Deadline - (Phase == ServicePhase.LameDuck ? drain.LameDuckEnds : now));
        if (Phase == ServicePhase.LameDuck)
        {
            drain.Spread = drain.Spread < TimeSpan.Zero ? spread : Min(drain.Spread, spread);
        }
        else if (Phase == ServicePhase.Draining && (drain.Spread < TimeSpan.Zero || drain.DrainingSince + drain.Spread > now + spread))
        {
            drain.Closes?.Dispose();
            drain.Closes = CloseOver(spread);
        }
    }

    /// <summary>Begins to close who is connected, longest idle first: they are the least likely to notice.</summary>
    private SpreadClose CloseOver(TimeSpan spread)
    {
        var open = _server.Connections.Live
            .Where(static connection => connection.State == ConnectionState.Open)
            .OrderBy(static connection => connection.LastActiveAt)
            .ToArray();
        return new SpreadClose(open, Max(spread, TimeSpan.Zero), static connection => connection.Close(CloseReason.Drain), _timeProvider);
    }

    /// <summary>The last connection has ended, on whatever thread served it, which must not wait for the lock.</summary>
    private void OnEmptied()
    {
        // Either this sees that the listener is closed, or whoever has just closed it sees that nobody is connected.
        if (Phase is ServicePhase.Draining or ServicePhase.Forcing)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static lifecycle => lifecycle.MoveOn(), this, preferLocal: false);
        }
    }

    private void MoveOn()
    {
        lock (_lock)
        {
            Advance();
        }
    }

    /// <summary>Makes every transition that is due, and sets the timer for the next. Called with the lock held.</summary>
    private void Advance()
    {
        if (_drain is not { } drain)
        {
            return;
        }

        var now = Now();
        if (Phase == ServicePhase.LameDuck && now >= drain.LameDuckEnds)
        {
            _server.StopListening();
            drain.DrainingSince = now;
            Enter(ServicePhase.Draining);
            if (drain.Spread >= TimeSpan.Zero && now < drain.Deadline)
            {
                drain.Closes = CloseOver(drain.Spread);
            }
        }

        if (Phase == ServicePhase.Draining && now >= drain.Deadline && _server.Limit.Active > 0)
        {
            drain.Closes?.Dispose();
            Log.DrainForcing(_logger, _server.Limit.Active);
            Enter(ServicePhase.Forcing);
            foreach (var connection in _server.Connections.Live)
            {
                _ = drain.OnDeadline == DeadlineAction.Reset
                    ? connection.Abort(CloseReason.DrainForced)
                    : connection.Close(CloseReason.DrainForced);
            }
        }

        if (Phase == ServicePhase.Forcing && now >= drain.Deadline + _server.Options.CloseTimeout)
        {
            // By FIN, and the peer takes nothing or says nothing: the drain is bounded all the same.
            foreach (var connection in _server.Connections.Live)
            {
                connection.Abort(CloseReason.DrainForced);
            }
        }

        if (Phase is ServicePhase.Draining or ServicePhase.Forcing && _server.Limit.Active == 0)
        {
            drain.Closes?.Dispose();
            var closed = Read().Closed;
            Log.Drained(_logger, closed.ByClient, closed.Gracefully, closed.Forced);
            Enter(ServicePhase.Drained);
        }

        var next = Phase switch
        {
            ServicePhase.LameDuck => drain.LameDuckEnds,
            ServicePhase.Draining => drain.Deadline,
            ServicePhase.Forcing => drain.Deadline + _server.Options.CloseTimeout,
            _ => DateTimeOffset.MaxValue,
        };
        // In Forcing this may be past when everyone has been told to go: their ends call back.
        _timer.Change(next == DateTimeOffset.MaxValue || next <= now ? Timeout.InfiniteTimeSpan : next - now, Timeout.InfiniteTimeSpan);
    }

    private void Enter(ServicePhase phase)
    {
        var previous = _phase;
        _phase = phase;
        // Before anyone counts who is left, see OnEmptied.
        Interlocked.MemoryBarrier();
        Log.PhaseChanged(_logger, phase);
        PhaseChanged?.Invoke(previous, phase);
    }

    private DrainStatus Read()
    {
        if (_drain is not { } drain)
        {
            return new DrainStatus(_phase, null, null, null, 0, 0, default, 0);
        }

        // Closed before accepted, here and at the start: who comes and goes in between counts as remaining, so nothing
        // is ever less than nobody.
        var closed = DrainCloses.Read(_server.Counters);
        var accepted = _server.Counters.Accepted;
        return new DrainStatus(
            _phase,
            drain.Trigger,
            drain.StartedAt + _server.Clock.Correction,
            drain.Deadline + _server.Clock.Correction,
            accepted - drain.ClosedBefore.Total,
            accepted - closed.Total,
            closed - drain.ClosedBefore,
            _server.Counters.Abandoned - drain.UnsentBefore);
    }

    /// <summary>A drain that is on, and what the counters said at its start.</summary>
    private sealed class Drain
    {
        public required DrainTrigger Trigger { get; set; }

        public required DateTimeOffset StartedAt { get; init; }

        public required DateTimeOffset LameDuckEnds { get; set; }

        public required DateTimeOffset Deadline { get; set; }

        public DateTimeOffset DrainingSince { get; set; }

        public required TimeSpan Spread { get; set; }

        public required DeadlineAction OnDeadline { get; init; }

        public required DrainCloses ClosedBefore { get; init; }

        public required long UnsentBefore { get; init; }

        public SpreadClose? Closes { get; set; }
    }
}
