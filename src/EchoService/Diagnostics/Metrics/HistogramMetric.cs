using System.Diagnostics.Metrics;
using Prometheus;

namespace EchoService.Diagnostics.Metrics;

/// <summary>
/// A histogram that the data plane writes to, declared once like a <see cref="Metric"/>. It holds what was recorded
/// since the last scrape, so that a scrape shows all of it as of one moment: a histogram of prometheus-net's own goes
/// on changing while it is written, and its buckets then do not add up.
/// </summary>
/// <param name="name">By OpenTelemetry's rules.</param>
/// <param name="help">One sentence.</param>
/// <param name="bounds">Upper bounds of the buckets, inclusive, in seconds and ascending; what is above goes into one more.</param>
internal sealed class HistogramMetric(string name, string help, double[] bounds)
{
    private const string Unit = "s";

    private readonly Lock _lock = new();
    private readonly long[] _counts = new long[bounds.Length + 1];
    private readonly double[] _sums = new double[bounds.Length + 1];
    private Histogram<double>? _instrument;

    /// <summary>Adds a value. Holds a lock for some ten nanoseconds, which only a scrape's copying and other records contend for.</summary>
    /// <param name="seconds">The value.</param>
    public void Record(double seconds)
    {
        var at = Array.BinarySearch(bounds, seconds);
        var bucket = at < 0 ? ~at : at;
        lock (_lock)
        {
            _counts[bucket]++;
            _sums[bucket] += seconds;
        }

        // Does nothing while nobody listens.
        _instrument?.Record(seconds);
    }

    /// <summary>Records to an instrument of <paramref name="meter"/> too from now on.</summary>
    public void Attach(Meter meter) =>
        _instrument = meter.CreateHistogram(name, Unit, help, null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });

    /// <summary>Makes a histogram of <paramref name="factory"/> that has what was recorded up to the last reading.</summary>
    /// <returns>The reading.</returns>
    public Action Register(IMetricFactory factory)
    {
        var histogram = factory.CreateHistogram(Metric.PrometheusNameOf(name, Unit), help, new HistogramConfiguration { Buckets = bounds });
        var counts = new long[_counts.Length];
        var sums = new double[_sums.Length];
        return () =>
        {
            Take(counts, sums);
            for (var i = 0; i < counts.Length; i++)
            {
                if (counts[i] > 0)
                {
                    // Observed as their mean, which is in the same bucket, but for rounding.
                    var mean = sums[i] / counts[i];
                    mean = i < bounds.Length ? Math.Min(mean, bounds[i]) : mean;
                    histogram.Observe(i > 0 ? Math.Max(mean, double.BitIncrement(bounds[i - 1])) : mean, counts[i]);
                }
            }
        };
    }

    private void Take(long[] counts, double[] sums)
    {
        lock (_lock)
        {
            _counts.CopyTo(counts, 0);
            _sums.CopyTo(sums, 0);
            Array.Clear(_counts);
            Array.Clear(_sums);
        }
    }
}
