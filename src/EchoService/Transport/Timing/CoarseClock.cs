namespace EchoService.Transport.Timing;

/// <summary>
/// Milliseconds since the server was made, as of the last heartbeat. A message is stamped by reading one field that
/// every core has in its cache, not by asking the operating system for the time.
/// </summary>
internal sealed class CoarseClock
{
    private readonly TimeProvider _timeProvider;
    private readonly long _origin;
    private long _now;

    public CoarseClock(TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _origin = timeProvider.GetTimestamp();
        StartedAt = timeProvider.GetUtcNow();
    }

    /// <summary>The wall-clock time of 0 ms.</summary>
    public DateTimeOffset StartedAt { get; }

    /// <summary>Milliseconds since <see cref="StartedAt"/>, up to one heartbeat old.</summary>
    public long Now => Volatile.Read(ref _now);

    /// <summary>Brings <see cref="Now"/> up to date and returns it.</summary>
    public long Update()
    {
        var now = (long)_timeProvider.GetElapsedTime(_origin).TotalMilliseconds;
        Volatile.Write(ref _now, now);
        return now;
    }

    /// <summary>Wall-clock time of a reading, immune to steps of the system clock since start.</summary>
    public DateTimeOffset ToUtc(long milliseconds) => StartedAt.AddMilliseconds(milliseconds);
}
