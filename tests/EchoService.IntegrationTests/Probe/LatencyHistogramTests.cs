using EchoService.Probe.Measurement;

namespace EchoService.IntegrationTests.Probe;

/// <summary>What the probe promises of its latencies, whoever counts them.</summary>
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
    [InlineData(-1_000_000, 0)]
    [InlineData(0, 0)]
    [InlineData(long.MaxValue, LatencyHistogram.Longest)]
    public void DurationsThatCannotBeCountAsTheNearestThatCan(long recorded, long counted)
    {
        var histogram = new LatencyHistogram();
        histogram.Record(recorded);

        (histogram.Count, histogram.Min, histogram.Max).ShouldBe((1, counted, counted));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void FiguresAreWithinATenthOfAPercentOfTheSortedValues(int seed)
    {
        // Values over the whole range, as many in each octave: a test of every width.
        var random = new Random(seed);
        var values = Enumerable.Range(0, 100_000).Select(_ => (long)Math.Pow(2, random.NextDouble() * 41)).ToArray();
        var histogram = new LatencyHistogram();
        foreach (var value in values)
        {
            histogram.Record(value);
        }

        Array.Sort(values);

        foreach (var quantile in Quantiles)
        {
            var exact = values[Math.Max(0, (int)Math.Ceiling(quantile * values.Length) - 1)];
            ((double)histogram.ValueAt(quantile)).ShouldBe(exact, exact * 0.001, $"quantile {quantile}");
        }

        ((double)histogram.Min).ShouldBe(values[0], values[0] * 0.001);
        ((double)histogram.Max).ShouldBe(values[^1], values[^1] * 0.001);
        histogram.Mean.ShouldBe(values.Average(), values.Average() * 0.001);
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

        histogram.Count.ShouldBe(200_000);
        histogram.Mean.ShouldBe(25_000.5, 25);
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
