using System.Net.Sockets;

namespace EchoService.Transport.Timing;

/// <summary>
/// How long to wait when the system is short of something: from 10 ms, twice as long each time, to 1 s; from the start
/// again once it went well. Those that fail at the same time share one, since it is the same thing that they are short of.
/// </summary>
/// <param name="timeProvider">Whose time it is.</param>
/// <param name="warn">Says so, with the delay in milliseconds: where every other attempt may fail, once a minute is enough.</param>
internal sealed class Backoff(TimeProvider timeProvider, Action<SocketError, double> warn)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan WarningInterval = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private TimeSpan _delay = First;
    private long? _warnedAt;

    /// <summary>It went well. Costs a look where it did before.</summary>
    public void Reset()
    {
        if (_delay != First)
        {
            _delay = First;
        }
    }

    /// <summary>It failed.</summary>
    /// <param name="error">With this; null where it has been said already.</param>
    /// <returns>When to try again.</returns>
    public TimeSpan Next(SocketError? error)
    {
        TimeSpan delay;
        bool warns;
        lock (_lock)
        {
            delay = _delay;
            _delay = TimeSpan.FromTicks(Math.Min(delay.Ticks * 2, Longest.Ticks));
            warns = error is not null && (_warnedAt is not { } before || timeProvider.GetElapsedTime(before) >= WarningInterval);
            if (warns)
            {
                _warnedAt = timeProvider.GetTimestamp();
            }
        }

        if (warns)
        {
            warn(error!.Value, delay.TotalMilliseconds);
        }

        return delay;
    }
}
