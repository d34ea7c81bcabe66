namespace EchoService.IntegrationTests;

/// <summary>Time that stands still until a test moves it. Timers fire, in order, on the thread that moves it.</summary>
internal sealed class FakeTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<FakeTimer> _timers = [];
    private DateTimeOffset _now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <summary>What somebody has corrected the wall clock by; timers and time stamps know nothing of it.</summary>
    public TimeSpan WallClockIsOffBy { get; set; }

    private DateTimeOffset Now
    {
        get
        {
            lock (_lock)
            {
                return _now;
            }
        }
    }

    /// <summary>Called on the thread of whoever asks for a timestamp, before it is given.</summary>
    public Action? OnTimestamp { get; set; }

    public override DateTimeOffset GetUtcNow() => Now + WallClockIsOffBy;

    public override long GetTimestamp()
    {
        OnTimestamp?.Invoke();
        return Now.Ticks;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new FakeTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    /// <summary>Moves time forward, stopping at every timer on the way.</summary>
    public void Advance(TimeSpan time)
    {
        var end = Now + time;
        while (true)
        {
            FakeTimer? next;
            lock (_lock)
            {
                next = _timers.Where(timer => timer.DueAt <= end).MinBy(timer => timer.DueAt);
                if (next is null)
                {
                    _now = end;
                    return;
                }

                _now = next.DueAt > _now ? next.DueAt : _now;
                next.Reschedule();
            }

            next.Fire();
        }
    }

    /// <summary>Moves time forward while nothing runs, as for a process that is stopped. Timers fire when time moves next.</summary>
    public void Suspend(TimeSpan time)
    {
        lock (_lock)
        {
            _now += time;
        }
    }

    private sealed class FakeTimer(FakeTimeProvider owner, TimerCallback callback, object? state) : ITimer
    {
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        public DateTimeOffset DueAt { get; private set; }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (owner._lock)
            {
                _period = period;
                owner._timers.Remove(this);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    DueAt = owner._now + dueTime;
                    owner._timers.Add(this);
                }
            }

            return true;
        }

        public void Reschedule()
        {
            owner._timers.Remove(this);
            if (_period > TimeSpan.Zero)
            {
                DueAt += _period;
                owner._timers.Add(this);
            }
        }

        public void Fire() => callback(state);

        public void Dispose() => Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
