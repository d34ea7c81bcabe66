using EchoService.Probe.Measurement;

namespace EchoService.IntegrationTests.Probe;

public sealed class LatencyHistogramTests
{
    private static readonly double[] Quantiles = [0, 0.01, 0.5, 0.9, 0.99, 0.999, 1];

    [Fact]
    public void EmptyHistogramIsAllZero()
    {
        var histogram = new LatencyHistogram();

        (histogram.Count, histogram.Min, histogram.Max, histogram.Mean, histogram.ValueAt(0.5)).ShouldBe((0, 0, 0, 0d, 0));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(1_000_000)]
    [InlineData((1L << 42) - 1)]
    [InlineData(1L << 42)]
    [InlineData(long.MaxValue - 1)]
    public void SingleValueIsReportedAsItIs(long value)
    {
        var histogram = new LatencyHistogram();
        histogram.Record(value);

        (histogram.Count, histogram.Min, histogram.Max).ShouldBe((1, value, value));
        foreach (var quantile in Quantiles)
        {
            histogram.ValueAt(quantile).ShouldBe(value);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void PercentilesAreWithinHalfAPercentOfTheSortedValues(int seed)
    {
        // Values over the whole range, as many in each octave: a test of every bucket width.
        var random = new Random(seed);
        var values = Enumerable.Range(0, 100_000).Select(_ => (long)Math.Pow(2, random.NextDouble() * 42)).ToArray();
        var histogram = new LatencyHistogram();
        foreach (var value in values)
        {
            histogram.Record(value);
        }

        Array.Sort(values);

        foreach (var quantile in Quantiles)
        {
            var exact = values[Math.Max(0, (int)Math.Ceiling(quantile * values.Length) - 1)];
            ((double)histogram.ValueAt(quantile)).ShouldBe(exact, exact * 0.005, $"quantile {quantile}");
        }

        histogram.Mean.ShouldBe(values.Average(), values.Average() * 1e-9);
    }

    [Fact]
    public void SumOfHistogramsIsTheHistogramOfAllValues()
    {
        var (odd, even, all, sum) = (new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram());
        for (var value = 1; value <= 100_000; value++)
        {
            (value % 2 == 0 ? even : odd).Record(value);
            all.Record(value);
        }

        sum.Add(odd);
        sum.Add(even);

        (sum.Count, sum.Min, sum.Max, sum.Mean).ShouldBe((all.Count, all.Min, all.Max, all.Mean));
        foreach (var quantile in Quantiles)
        {
            sum.ValueAt(quantile).ShouldBe(all.ValueAt(quantile));
        }
    }

    [Fact]
    public void NothingIsLostWhenSeveralThreadsRecord()
    {
        var histogram = new LatencyHistogram();

        Parallel.For(0, 4, _ =>
        {
            for (var value = 1; value <= 50_000; value++)
            {
                histogram.Record(value);
            }
        });

        (histogram.Count, histogram.Min, histogram.Max, histogram.Mean).ShouldBe((200_000, 1, 50_000, 25_000.5));
    }

    [Fact]
    public void RecordingAllocatesNothing()
    {
        var histogram = new LatencyHistogram();
        histogram.Record(1);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var value = 0; value < 10_000; value++)
        {
            histogram.Record(value * 1000L);
        }

        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
    }
}
