namespace EchoService.Transport.Timing;

/// <summary>
/// Milliseconds since the server was made, as of the last heartbeat. A message is stamped by reading one field that
/// every core has in its cache, not by asking the operating system for the time.
/// </summary>
/// <remarks>The heartbeat alone writes, so the time never steps back. While the process is away, it stands still.</remarks>
internal sealed class CoarseClock
{
    /// <summary>The wall clock is followed when it is off by more than a reading is exact.</summary>
    private static readonly TimeSpan Tolerance = Heartbeat.Interval;

    private readonly TimeProvider _timeProvider;
    private readonly long _origin;
    private readonly DateTimeOffset _steadyStart;
    private long _now;
    private long _correction;

    public CoarseClock(TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _origin = timeProvider.GetTimestamp();
        _steadyStart = timeProvider.GetUtcNow();
    }

    /// <summary>The wall-clock time of 0 ms, as the wall clock has it by now.</summary>
    public DateTimeOffset StartedAt => ToUtc(0);

    /// <summary>Milliseconds since <see cref="StartedAt"/>, up to one heartbeat old.</summary>
    public long Now => Volatile.Read(ref _now);

    /// <summary>By how much the wall clock was corrected since the start, to the precision of a heartbeat.</summary>
    public TimeSpan Correction => TimeSpan.FromTicks(Volatile.Read(ref _correction));

    /// <summary>The time by the wall clock as it was at the start, carried on by a clock that nobody steps. For comparing; see <see cref="Correction"/> for telling.</summary>
    public DateTimeOffset SteadyNow => _steadyStart + Elapsed;

    private TimeSpan Elapsed => _timeProvider.GetElapsedTime(_origin);

    /// <summary>What <see cref="Now"/> would be just after a heartbeat.</summary>
    public long Read() => (long)Elapsed.TotalMilliseconds;

    /// <summary>Brings <see cref="Now"/> up to date and returns it. Called by the heartbeat alone.</summary>
    public long Update()
    {
        var now = Read();
        Volatile.Write(ref _now, now);
        var correction = _timeProvider.GetUtcNow() - SteadyNow;
        if ((correction - Correction).Duration() > Tolerance)
        {
            Volatile.Write(ref _correction, correction.Ticks);
        }

        return now;
    }

    /// <summary>Wall-clock time of a reading. Where the wall clock was corrected, it counts for earlier readings too.</summary>
    public DateTimeOffset ToUtc(long milliseconds) => _steadyStart.AddMilliseconds(milliseconds) + Correction;
}
