using System.Diagnostics;

namespace EchoService.Probe.Measurement;

/// <summary>A monotonic clock in nanoseconds; every instant and duration in the probe is in this unit.</summary>
internal static class Clock
{
    public const long Millisecond = 1_000_000;
    public const long Second = 1_000 * Millisecond;

    private static readonly double NanosecondsPerTick = 1e9 / Stopwatch.Frequency;

    public static long Now => Stopwatch.Frequency == Second
        ? Stopwatch.GetTimestamp()
        : (long)(Stopwatch.GetTimestamp() * NanosecondsPerTick);

    public static long FromTimeSpan(TimeSpan duration) => duration.Ticks * TimeSpan.NanosecondsPerTick;

    public static double ToSeconds(long nanoseconds) => nanoseconds / (double)Second;
}
