using Microsoft.Extensions.Time.Testing;

namespace EchoService.IntegrationTests;

/// <summary>
/// Time that stands still until a test moves it, and then goes by in small steps: the package's clock is at its goal
/// before the first timer fires, and would never show a service what it does on the way. Timers fire on the thread that
/// moves it.
/// </summary>
internal sealed class SteppedTimeProvider : FakeTimeProvider
{
    /// <summary>As fine as the timers of the service.</summary>
    private static readonly long Step = TimeSpan.FromMilliseconds(10).Ticks;

    /// <summary>Ticks since the start, those for which nothing ran included.</summary>
    private long _now;
    private long _away;

    /// <summary>What somebody has corrected the wall clock by; timers and time stamps know nothing of it.</summary>
    public TimeSpan WallClockIsOffBy { get; set; }

    /// <summary>Called on the thread of whoever asks for a timestamp, before it is given.</summary>
    public Action? OnTimestamp { get; set; }

    /// <remarks>The package's own has timers fire on the thread of whoever asks.</remarks>
    public override DateTimeOffset GetUtcNow() => Start.AddTicks(Volatile.Read(ref _now)) + WallClockIsOffBy;

    public override long GetTimestamp()
    {
        OnTimestamp?.Invoke();
        return Volatile.Read(ref _now);
    }

    /// <summary>Moves time forward.</summary>
    public new void Advance(TimeSpan time)
    {
        for (var left = time.Ticks; left > 0; left -= Step)
        {
            Volatile.Write(ref _now, _now + Math.Min(left, Step));
            SetUtcNow(Start.AddTicks(_now - _away));
        }
    }

    /// <summary>Moves time forward while nothing runs, as for a process that is stopped. Timers fire when time moves next.</summary>
    public void Suspend(TimeSpan time)
    {
        _away += time.Ticks;
        Volatile.Write(ref _now, _now + time.Ticks);
    }
}
