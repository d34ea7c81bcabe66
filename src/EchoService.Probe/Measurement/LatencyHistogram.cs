using HdrHistogram;

namespace EchoService.Probe.Measurement;

/// <summary>
/// Durations in nanoseconds, to three digits: what is read of it is at most 0.1 % above what was recorded. 264 KiB,
/// whatever is recorded, so there is one for all connections of a kind.
/// </summary>
/// <remarks>Any thread may record; reading while others record gives figures that are a moment old.</remarks>
internal sealed class LatencyHistogram
{
    private const int Digits = 3;

    /// <summary>36 minutes, which is as far as the package's widths go at this precision. What is longer counts as this.</summary>
    internal const long Longest = (1L << 41) - 1;

    private readonly LongConcurrentHistogram _values = new(1, Longest, Digits);

    public long Count => _values.TotalCount;

    /// <summary>0 where nothing was recorded, as for all figures.</summary>
    public long Min => ValueAt(0);

    public long Max => ValueAt(1);

    public double Mean => Count == 0 ? 0 : _values.GetMean();

    /// <summary>A new client is begun up to a millisecond ahead of its time, and may be answered before: that took no time.</summary>
    public void Record(long nanoseconds) => _values.RecordValue(Math.Clamp(nanoseconds, 0, Longest));

    /// <summary>The duration that <paramref name="quantile"/> (0 to 1) of all do not exceed.</summary>
    public long ValueAt(double quantile) => Count == 0 ? 0 : _values.GetValueAtPercentile(quantile * 100);
}
