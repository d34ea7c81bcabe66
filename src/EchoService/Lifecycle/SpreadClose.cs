using EchoService.Transport.Connections;

namespace EchoService.Lifecycle;

/// <summary>Closes connections one after the other, evenly over a time, so that their clients do not all reconnect at once.</summary>
internal sealed class SpreadClose : IDisposable
{
    /// <summary>Timers are no finer than this, so more than 100 closes a second go in small groups.</summary>
    private static readonly TimeSpan ShortestPeriod = TimeSpan.FromMilliseconds(10);

    private readonly Lock _lock = new();
    private readonly IReadOnlyList<EchoConnection> _connections;
    private readonly Action<EchoConnection> _close;
    private readonly TimeSpan _spread;
    private readonly TimeProvider _timeProvider;
    private readonly long _startedAt;
    private readonly ITimer? _timer;
    private int _next;

    /// <summary>Begins at once with the first.</summary>
    /// <param name="connections">In the order in which they are to go. Those that have gone by themselves keep their place in time.</param>
    /// <param name="spread">The time over which they go; zero: all at once.</param>
    /// <param name="close">How to close one.</param>
    /// <param name="timeProvider">Whose time it is.</param>
    public SpreadClose(IReadOnlyList<EchoConnection> connections, TimeSpan spread, Action<EchoConnection> close, TimeProvider timeProvider)
    {
        _connections = connections;
        _close = close;
        _spread = spread;
        _timeProvider = timeProvider;
        _startedAt = timeProvider.GetTimestamp();
        if (spread > TimeSpan.Zero && connections.Count > 1)
        {
            var period = TimeSpan.FromTicks(Math.Max(spread.Ticks / connections.Count, ShortestPeriod.Ticks));
            using (ExecutionContext.SuppressFlow())
            {
                // Not started before the field is set: a timer that fires at once must find itself there.
                _timer = timeProvider.CreateTimer(static state => ((SpreadClose)state!).CloseDue(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            }

            _timer.Change(period, period);
        }

        CloseDue();
    }

    /// <summary>Closes no more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _next = _connections.Count;
        }

        _timer?.Dispose();
    }

    private void CloseDue()
    {
        lock (_lock)
        {
            for (var due = CountDue(); _next < due; _next++)
            {
                _close(_connections[_next]);
            }

            if (_next == _connections.Count)
            {
                _timer?.Dispose();
            }
        }
    }

    private int CountDue()
    {
        if (_timer is null)
        {
            return _connections.Count;
        }

        // Connection k of n goes at k/n of the time: the first at once, the last one step before the end.
        var share = _timeProvider.GetElapsedTime(_startedAt) / _spread;
        return share >= 1 ? _connections.Count : Math.Min(_connections.Count, 1 + (int)(share * _connections.Count));
    }
}
