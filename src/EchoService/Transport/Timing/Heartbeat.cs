using EchoService.Transport.Connections;
using EchoService.Transport.Fairness;

namespace EchoService.Transport.Timing;

/// <summary>The one timer of the data plane: sets the clock, and sweeps the connections for those whose time is up.</summary>
internal sealed class Heartbeat : IDisposable
{
    /// <summary>How often the clock is set, and so how exact the time of a message is.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly CoarseClock _clock;
    private readonly ConnectionRegistry _connections;
    private readonly Turnstiles _turnstiles;
    private readonly long _sweepInterval;
    private readonly ITimer _timer;
    private long _nextSweep;
    private int _beating;

    /// <param name="clock">What it alone sets.</param>
    /// <param name="connections">Whom it sweeps.</param>
    /// <param name="turnstiles">Whose bells it rings again.</param>
    /// <param name="sweepInterval">Milliseconds between two sweeps.</param>
    /// <param name="timeProvider">Whose time it is.</param>
    public Heartbeat(CoarseClock clock, ConnectionRegistry connections, Turnstiles turnstiles, long sweepInterval, TimeProvider timeProvider)
    {
        _clock = clock;
        _connections = connections;
        _turnstiles = turnstiles;
        _sweepInterval = sweepInterval;
        // The timer must not keep the caller's context (an HTTP request's, in tests) for its life.
        using (ExecutionContext.SuppressFlow())
        {
            _timer = timeProvider.CreateTimer(static state => ((Heartbeat)state!).Beat(), this, Interval, Interval);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Beat()
    {
        // A beat that comes while a sweep is still running is left out, so that nothing here runs twice at once.
        if (Interlocked.Exchange(ref _beating, 1) == 1)
        {
            return;
        }

        var now = _clock.Update();
        _turnstiles.RingAgain();
        if (now >= _nextSweep)
        {
            _nextSweep = now + _sweepInterval;
            foreach (var connection in _connections.Live)
            {
                connection.CheckTimeouts(now);
            }
        }

        Volatile.Write(ref _beating, 0);
    }
}
