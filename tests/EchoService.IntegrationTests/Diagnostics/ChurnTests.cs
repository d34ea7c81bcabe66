using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Diagnostics;

public sealed class ChurnTests
{
    private const int Workers = 8;
    private const int LeastConnections = 150;
    private const int LeastScrapes = 40;
    private const int BytesEach = 777;

    private int _scrapes;
    private int _finished;
    private int _reset;

    [Fact]
    public async Task NoCounterGoesBackWhileClientsComeAndGo()
    {
        await using var service = await MonitoredService.StartAsync();
        using var done = new CancellationTokenSource();
        var scraping = Task.WhenAll(WatchAsync(service, openMetrics: false, done.Token), WatchAsync(service, openMetrics: true, done.Token));
        var churning = Task.WhenAll(Enumerable.Range(0, Workers).Select(worker => Task.Run(() => ChurnAsync(service, worker))));
        // A watcher ends early only when it has seen a counter go back.
        await Task.WhenAny(churning, scraping);
        await done.CancelAsync();
        await scraping;
        await churning;
        await service.AllGoneAsync();

        // And nothing was lost on the way.
        var last = await service.ScrapeAsync();
        last["echo_connections_accepted_total"].ShouldBe(_finished + _reset);
        last["echo_connections_closed_total{reason=\"client_reset\"}"].ShouldBe(_reset);
        last["echo_connections_closed_total{reason=\"client_fin\"}"].ShouldBe(_finished);
        last["echo_received_bytes_total"].ShouldBe((_finished + _reset) * BytesEach);
        last["echo_sent_bytes_total"].ShouldBe((_finished + _reset) * BytesEach);
    }

    private async Task ChurnAsync(MonitoredService service, int worker)
    {
        for (var i = 0; i < LeastConnections || Volatile.Read(ref _scrapes) < LeastScrapes; i++)
        {
            using var client = await EchoClient.ConnectAsync(service.EndPoint, worker);
            await client.EchoAsync(BytesEach);
            if (i % 3 == 0)
            {
                Interlocked.Increment(ref _reset);
                client.Reset();
            }
            else
            {
                Interlocked.Increment(ref _finished);
                await client.FinishAsync();
            }
        }
    }

    /// <summary>Scrapes without a pause, and compares each scrape with the one before.</summary>
    private async Task WatchAsync(MonitoredService service, bool openMetrics, CancellationToken done)
    {
        var before = new Dictionary<string, double>();
        while (!done.IsCancellationRequested)
        {
            var scrape = await service.ScrapeAsync(openMetrics);
            Interlocked.Increment(ref _scrapes);
            var now = scrape.Counters().ToDictionary();
            foreach (var (series, value) in before)
            {
                now.ShouldContainKey(series);
                now[series].ShouldBeGreaterThanOrEqualTo(value, series);
            }

            scrape["echo_sent_bytes_total"].ShouldBeLessThanOrEqualTo(scrape["echo_received_bytes_total"]);
            var closed = scrape.Samples.Where(sample => sample.Key.StartsWith("echo_connections_closed_total", StringComparison.Ordinal)).Sum(sample => sample.Value);
            closed.ShouldBeLessThanOrEqualTo(scrape["echo_connections_accepted_total"]);
            scrape["echo_connection_duration_seconds_count"].ShouldBeLessThanOrEqualTo(closed);
            foreach (var histogram in new[] { "echo_connection_duration_seconds", "echo_turnaround_seconds" })
            {
                var counts = scrape.Buckets(histogram).Select(bucket => bucket.Count).ToList();
                counts.ShouldBeInOrder();
                counts[^1].ShouldBe(scrape[histogram + "_count"]);
            }

            before = now;
        }
    }
}
