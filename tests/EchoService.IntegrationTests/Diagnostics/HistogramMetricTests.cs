using System.Text;
using EchoService.Diagnostics.Metrics;
using Prometheus;

namespace EchoService.IntegrationTests.Diagnostics;

public sealed class HistogramMetricTests
{
    private readonly CollectorRegistry _registry = Metrics.NewCustomRegistry();
    private readonly HistogramMetric _histogram = new("test.time", "Time.", [0.000_005, 0.1, 1, 60]);
    private readonly Action _read;

    public HistogramMetricTests() => _read = _histogram.Register(Metrics.WithCustomRegistry(_registry));

    [Fact]
    public async Task BucketsAddUpAndEndWithInfinity()
    {
        foreach (var value in new[] { 0.000_001, 0.1, 0.5, 0.75, 100 })
        {
            _histogram.Record(value);
        }

        (await ScrapeAsync(ExpositionFormat.OpenMetricsText)).ShouldBe(
            """
            # HELP test_time_seconds Time.
            # TYPE test_time_seconds histogram
            test_time_seconds_sum 101.350001
            test_time_seconds_count 5
            test_time_seconds_bucket{le="5e-06"} 1
            test_time_seconds_bucket{le="0.1"} 2
            test_time_seconds_bucket{le="1.0"} 4
            test_time_seconds_bucket{le="60.0"} 4
            test_time_seconds_bucket{le="+Inf"} 5
            # EOF

            """.ReplaceLineEndings("\n"));
    }

    [Fact]
    public async Task NothingIsLostOrCountedTwiceFromOneReadingToTheNext()
    {
        _histogram.Record(0.5);
        (await ReadAsync()).ShouldBe((1, 0.5));
        (await ReadAsync()).ShouldBe((1, 0.5));
        _histogram.Record(0.25);
        _histogram.Record(1);
        (await ReadAsync()).ShouldBe((3, 1.75));

        async Task<(double Count, double Sum)> ReadAsync()
        {
            var scrape = Exposition.Parse(await ScrapeAsync(ExpositionFormat.PrometheusText));
            return (scrape["test_time_seconds_count"], scrape["test_time_seconds_sum"]);
        }
    }

    [Fact]
    public async Task ValuesAtABoundStayInItsBucketHoweverManyThereAre()
    {
        // The sum of so many tenths is not exact, and their mean is above 0.1 by rounding.
        const int Count = 1_000_003;
        for (var i = 0; i < Count; i++)
        {
            _histogram.Record(0.1);
        }

        var above = double.BitIncrement(0.1);
        for (var i = 0; i < Count; i++)
        {
            _histogram.Record(above);
        }

        var scrape = Exposition.Parse(await ScrapeAsync(ExpositionFormat.PrometheusText));
        scrape.Buckets("test_time_seconds").Select(bucket => bucket.Count).ShouldBe([0, Count, 2 * Count, 2 * Count, 2 * Count]);
        scrape["test_time_seconds_sum"].ShouldBe(Count * 0.2, 0.001);
    }

    [Fact]
    public async Task RecordsFromManyThreadsAreAllThere()
    {
        var recording = Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 100_000; i++)
            {
                _histogram.Record(0.5);
            }
        })));
        while (!recording.IsCompleted)
        {
            _read();
        }

        await recording;
        var scrape = Exposition.Parse(await ScrapeAsync(ExpositionFormat.PrometheusText));
        scrape["test_time_seconds_count"].ShouldBe(400_000);
        scrape["test_time_seconds_sum"].ShouldBe(200_000);
    }

    private async Task<string> ScrapeAsync(ExpositionFormat format)
    {
        _read();
        using var text = new MemoryStream();
        await _registry.CollectAndExportAsTextAsync(text, format, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(text.ToArray());
    }
}
