namespace EchoService.Transport.Timing;

/// <summary>The one timer of the data plane: sets the clock, and sweeps the connections for those whose time is up.</summary>
internal sealed class Heartbeat : IDisposable
{
    /// <summary>How often the clock is set, and so how exact the time of a message is.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly EchoServer _server;
    private readonly ITimer _timer;
    private long _nextSweep;
    private int _beating;

    public Heartbeat(EchoServer server, TimeProvider timeProvider)
    {
        _server = server;
        // The timer must not keep the caller's context (an HTTP request's, in tests) for its life.
        using (ExecutionContext.SuppressFlow())
        {
            _timer = timeProvider.CreateTimer(static state => ((Heartbeat)state!).Beat(), this, Interval, Interval);
        }
    }

    public void Dispose() => _timer.Dispose();

    private void Beat()
    {
        // A beat that comes while a sweep is still running is left out.
        if (Interlocked.Exchange(ref _beating, 1) == 1)
        {
            return;
        }

        var now = _server.Clock.Update();
        if (now >= _nextSweep)
        {
            _nextSweep = now + _server.Timeouts.SweepInterval;
            foreach (var connection in _server.Connections.Live)
            {
                connection.CheckTimeouts(now);
            }
        }

        Volatile.Write(ref _beating, 0);
    }
}
