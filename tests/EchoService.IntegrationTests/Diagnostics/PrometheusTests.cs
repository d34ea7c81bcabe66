using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Lifecycle;
using EchoService.Transport.Faults;
using Microsoft.Extensions.DependencyInjection;

namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>What a real Prometheus makes of the metrics, compared with what the clients know they did.</summary>
[Needs(Need.Prometheus)]
public sealed class PrometheusTests(PrometheusFixture fixture) : IClassFixture<PrometheusFixture>
{
    [Fact]
    public async Task TotalsAgreeWithWhatTheClientsDid()
    {
        var pod = await fixture.PodAsync();
        // Only if Prometheus parsed all of it.
        (await pod.QueryAsync("up{} == 1")).Count.ShouldBe(1);
        var bytes = 0L;
        for (var i = 0; i < 10; i++)
        {
            using var client = await EchoClient.ConnectAsync(pod.Service.EndPoint, i);
            await client.EchoAsync((i * 9973) + 1);
            bytes += client.Received;
            if (i < 3)
            {
                client.Reset();
            }
            else
            {
                await client.FinishAsync();
            }
        }

        await pod.Service.AllGoneAsync();
        await pod.ScrapedAsync();
        (await pod.ValueAsync("echo_received_bytes_total{}")).ShouldBe(bytes);
        (await pod.ValueAsync("echo_sent_bytes_total{}")).ShouldBe(bytes);
        (await pod.ValueAsync("echo_connections_accepted_total{}")).ShouldBe(10);
        (await pod.ValueAsync("echo_connections_closed_total{reason=\"client_fin\"}")).ShouldBe(7);
        (await pod.ValueAsync("echo_connections_closed_total{reason=\"client_reset\"}")).ShouldBe(3);
        (await pod.ValueAsync("sum(echo_connections_closed_total{})")).ShouldBe(10);
        (await pod.ValueAsync("echo_connection_duration_seconds_count{}")).ShouldBe(10);
        (await pod.ValueAsync("echo_pending_send_bytes{}")).ShouldBe(0);
    }

    [Fact]
    public async Task RatesAgreeWithWhatTheClientsMeasured()
    {
        var pod = await fixture.PodAsync();
        using var client = await EchoClient.ConnectAsync(pod.Service.EndPoint);
        var log = new List<(DateTimeOffset At, long Bytes)>();
        var end = Stopwatch.StartNew();
        // A steady stream, so that the edges of the window do not matter; timers that come late are in the log.
        using (var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20)))
        {
            while (end.Elapsed < TimeSpan.FromSeconds(6) && await pace.WaitForNextTickAsync(TestContext.Current.CancellationToken))
            {
                await client.EchoAsync(5000);
                log.Add((DateTimeOffset.UtcNow, client.Received));
            }
        }

        var to = log[^1].At;
        var from = to - TimeSpan.FromSeconds(4);
        await pod.ScrapedAsync();
        var expected = (BytesAt(to) - BytesAt(from)) / 4d;
        (await pod.ValueAsync("rate(echo_received_bytes_total{}[4s])", to)).ShouldBe(expected, expected * 0.2);
        (await pod.ValueAsync("rate(echo_sent_bytes_total{}[4s])", to)).ShouldBe(expected, expected * 0.2);
        await client.FinishAsync();

        long BytesAt(DateTimeOffset moment) => log.Last(entry => entry.At <= moment).Bytes;
    }

    [Fact]
    public async Task QuantilesOfTheDurationAgreeWithWhatTheClientsMeasured()
    {
        var pod = await fixture.PodAsync();
        // Each knows the least and the most that the server can have measured.
        var spans = new List<(double Least, double Most)>();
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i =>
        {
            var before = Stopwatch.GetTimestamp();
            using var client = await EchoClient.ConnectAsync(pod.Service.EndPoint, i);
            await client.EchoAsync(100);
            var accepted = Stopwatch.GetTimestamp();
            // Three quarters stay for 0.2 s, the rest for 2 s: well inside buckets that are far apart.
            await Task.Delay(i % 4 == 0 ? 2000 : 200, TestContext.Current.CancellationToken);
            var least = Stopwatch.GetElapsedTime(accepted).TotalSeconds;
            await client.FinishAsync();
            lock (spans)
            {
                spans.Add((least, Stopwatch.GetElapsedTime(before).TotalSeconds));
            }
        }));
        await pod.Service.AllGoneAsync();
        await pod.ScrapedAsync();

        (await pod.ValueAsync("echo_connection_duration_seconds_count{}")).ShouldBe(20);
        var sum = await pod.ValueAsync("echo_connection_duration_seconds_sum{}");
        sum.ShouldBeGreaterThanOrEqualTo(spans.Sum(span => span.Least));
        sum.ShouldBeLessThanOrEqualTo(spans.Sum(span => span.Most) + 0.5);
        double[] bounds = [.. (await pod.QueryAsync("echo_connection_duration_seconds_bucket{}")).Keys.Select(BoundOf).Order()];
        foreach (var (quantile, text) in new[] { (0.5, "0.5"), (0.7, "0.7"), (0.9, "0.9") })
        {
            var value = await pod.ValueAsync($"histogram_quantile({text}, echo_connection_duration_seconds_bucket{{}})");
            var rank = (int)Math.Ceiling(quantile * 20) - 1;
            value.ShouldBeGreaterThanOrEqualTo(bounds.LastOrDefault(bound => bound < spans.Select(span => span.Least).Order().ElementAt(rank)), text);
            value.ShouldBeLessThanOrEqualTo(bounds.First(bound => bound >= spans.Select(span => span.Most).Order().ElementAt(rank)), text);
        }
    }

    [Fact]
    public async Task TurnaroundIsSampledAndNeverLongerThanWhatTheClientWaited()
    {
        var (service, pod) = (fixture.Process, fixture.ProcessPod);
        const int Messages = 2000;
        using var client = await EchoClient.ConnectAsync(service.EndPoint);
        var waits = new List<double>();
        for (var i = 0; i < Messages; i++)
        {
            var before = Stopwatch.GetTimestamp();
            await client.EchoAsync(32);
            waits.Add(Stopwatch.GetElapsedTime(before).TotalSeconds);
        }

        await client.FinishAsync();
        await service.Target.WaitForAsync(stats => stats is { Active: 0, ClosedTotal: 1 });
        await pod.ScrapedAsync();
        var count = await pod.ValueAsync("echo_turnaround_seconds_count{}");
        // The first of each socket thread, and then one in 64.
        count.ShouldBeInRange(Math.Ceiling(Messages / 64d), (Messages / 64) + Environment.ProcessorCount);
        double[] bounds = [.. (await pod.QueryAsync("echo_turnaround_seconds_bucket{}")).Keys.Select(BoundOf).Order()];
        // Which messages were measured is not known, but none took the service longer than the longest wait of all,
        // and together they took it no longer than all of them.
        (await pod.ValueAsync("histogram_quantile(1, echo_turnaround_seconds_bucket{})")).ShouldBeLessThanOrEqualTo(bounds.First(bound => bound >= waits.Max()));
        (await pod.ValueAsync("echo_turnaround_seconds_sum{}")).ShouldBeInRange(double.Epsilon, waits.Sum());
    }

    [Fact]
    public async Task AReaderThatDoesNotReadShowsAsPendingBytes()
    {
        var pod = await fixture.PodAsync();
        using var client = await EchoClient.ConnectAsync(pod.Service.EndPoint, receiveBufferSize: 4096);
        // More than the buffers of both kernels hold: one send of the server's stays pending.
        var sending = client.SendAsync(24 * 1024 * 1024);
        await Eventually.TrueAsync(() => pod.Service.Server.Counters.ReadPending() > 0);
        var stuck = Stopwatch.StartNew();
        await Eventually.TrueAsync(async () => stuck.Elapsed > TimeSpan.FromSeconds(0.5) && await pod.ValueAsync("echo_pending_send_bytes{}") > 0);
        var receiving = client.ReceiveAsync(24 * 1024 * 1024);
        await sending;
        await receiving;
        await client.FinishAsync();
        await pod.Service.AllGoneAsync();
        await pod.ScrapedAsync();
        (await pod.ValueAsync("echo_pending_send_bytes{}")).ShouldBe(0);
        (await pod.ValueAsync("echo_received_bytes_total{}")).ShouldBe(24 * 1024 * 1024);
        (await pod.ValueAsync("echo_sent_bytes_total{}")).ShouldBe(24 * 1024 * 1024);
        (await pod.ValueAsync("echo_buffer_bytes{state=\"in_use\"}")).ShouldBe(0);
    }

    [Fact]
    public async Task EveryQueryOfTheDashboardAndOfTheAlertsReturnsData()
    {
        var pod = await fixture.PodAsync();
        var lifecycle = pod.Service.Services.GetRequiredService<ServiceLifecycle>();
        using var stays = await EchoClient.ConnectAsync(pod.Service.EndPoint);
        lifecycle.BeginDrain(new DrainRequest(TimeSpan.FromHours(1)), DrainTrigger.Api);
        // The one that a drain does not end.
        var faults = pod.Service.Server.Faults;
        faults.TryBegin(new FaultSpec(FaultKind.FalseReady, TimeSpan.FromHours(1)), out _, out _).ShouldBeTrue();
        using var stop = new CancellationTokenSource();
        var traffic = KeepBusyAsync(pod.Service, stop.Token);
        try
        {
            foreach (var (panel, expression) in Dashboard.Read().Queries)
            {
                var query = Dashboard.Expand(expression, pod.Name, "3s");
                await Eventually.TrueAsync(async () => (await fixture.Prometheus.QueryAsync(query)).Values.Any(double.IsFinite), text: $"{panel}: {query}");
            }

            await Eventually.TrueAsync(async () => (await AlertsAsync()).All(rule => rule.GetProperty("health").GetString() == "ok"));
            (await AlertsAsync()).Count.ShouldBe(6);
        }
        finally
        {
            await stop.CancelAsync();
            await traffic;
        }

        faults.EndAll();
        lifecycle.CancelDrain();
        await stays.FinishAsync();

        async Task<List<JsonElement>> AlertsAsync() =>
            [.. (await fixture.Prometheus.GetAsync("/api/v1/rules")).GetProperty("groups").EnumerateArray().SelectMany(group => group.GetProperty("rules").EnumerateArray())];
    }

    private static double BoundOf(string labels)
    {
        var bound = JsonDocument.Parse(labels).RootElement.GetProperty("le").GetString()!;
        return bound == "+Inf" ? double.PositiveInfinity : double.Parse(bound, CultureInfo.InvariantCulture);
    }

    private static async Task KeepBusyAsync(MonitoredService service, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            using var client = await EchoClient.ConnectAsync(service.EndPoint);
            for (var i = 0; i < 100 && !stop.IsCancellationRequested; i++)
            {
                await client.EchoAsync(100);
            }

            await client.FinishAsync();
            using var stats = await service.Http.GetAsync(new Uri("/stats", UriKind.Relative), TestContext.Current.CancellationToken);
        }
    }
}
