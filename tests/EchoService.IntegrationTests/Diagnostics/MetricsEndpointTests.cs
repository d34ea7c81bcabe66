using System.Net.Sockets;
using EchoService.Diagnostics;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Lifecycle;
using Microsoft.Extensions.DependencyInjection;

namespace EchoService.IntegrationTests.Diagnostics;

public sealed class MetricsEndpointTests
{
    private static readonly string[] Labelled =
    [
        .. Series("echo_accept_errors_total", "error", "aborted", "descriptors", "memory", "other"),
        .. Series("echo_buffer_bytes", "state", "in_use"),
        .. Series(
            "echo_connections_closed_total", "reason",
            "client_fin", "client_reset", "idle_timeout", "send_timeout", "max_lifetime", "admin", "drain", "drain_forced", "proxy_header", "error"),
        .. Series("echo_connections_rejected_total", "reason", "limit", "draining", "resource"),
        .. Series("echo_drain_closed_total", "how", "client", "graceful", "forced"),
        .. Series("echo_phase", "phase", "lame_duck", "draining", "forcing", "drained"),
        .. Series("echo_udp_datagrams_total", "direction", "received", "sent"),
    ];

    private static readonly string[] Plain =
    [
        "echo_connection_duration_seconds_count", "echo_connection_duration_seconds_sum", "echo_connections_accepted_total", "echo_connections_active",
        "echo_connections_peak", "echo_drain_connections_remaining", "echo_drain_deadline_timestamp_seconds", "echo_event_args_in_use",
        "echo_pending_send_bytes", "echo_received_bytes_total", "echo_sent_bytes_total", "echo_turnaround_seconds_count", "echo_turnaround_seconds_sum",
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EverySeriesIsThereFromTheStart(bool openMetrics)
    {
        await using var service = await MonitoredService.StartAsync();
        var scrape = await service.ScrapeAsync(openMetrics);
        // A histogram has series when it has values; the others have theirs at once.
        foreach (var series in Labelled.Concat(Plain).Where(series => !series.Contains("_seconds_", StringComparison.Ordinal)))
        {
            scrape[series].ShouldBe(0, series);
        }

        scrape["echo_phase{phase=\"serving\"}"].ShouldBe(1);
        scrape["echo_connections_limit"].ShouldBe(10_000);
        scrape.Samples.Keys.ShouldContain(series => series.StartsWith("echo_udp_dropped_total{reason=", StringComparison.Ordinal));
        var build = scrape.Samples.Single(sample => sample.Key.StartsWith("echo_build_info{", StringComparison.Ordinal));
        build.Value.ShouldBe(1);
        build.Key.ShouldContain($"version=\"{BuildInfo.Version}\"");
        build.Key.ShouldContain($"revision=\"{BuildInfo.Revision}\"");
    }

    [Fact]
    public async Task PlatformMetersAreThereUnderTheirPrefixes()
    {
        await using var service = await MonitoredService.StartAsync();
        await service.ScrapeAsync();
        var scrape = await service.ScrapeAsync();
        scrape.Types["http_server_request_duration_seconds"].ShouldBe("histogram");
        scrape.Types["kestrel_active_connections"].ShouldBe("gauge");
        scrape.Types["dotnet_process_cpu_time_seconds_total"].ShouldBe("counter");
        // The runtime declares these two as counters, and they go back.
        scrape.Types["dotnet_thread_pool_queue_length"].ShouldBe("gauge");
        scrape.Types["dotnet_thread_pool_threads"].ShouldBe("gauge");
        scrape.Types.Keys.ShouldAllBe(name => name.Split('_', 2)[0] == "echo" || name.Split('_', 2)[0] == "dotnet"
            || name.StartsWith("http_server_", StringComparison.Ordinal) || name.StartsWith("kestrel_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task CountsWhatClientsDidAndNothingOfAnotherServiceInTheProcess()
    {
        await using var other = await MonitoredService.StartAsync();
        await using var service = await MonitoredService.StartAsync("Echo:MaxConnections=3");
        using (var first = await EchoClient.ConnectAsync(service.EndPoint))
        using (var second = await EchoClient.ConnectAsync(service.EndPoint, 1))
        using (var third = await EchoClient.ConnectAsync(service.EndPoint, 2))
        {
            await first.EchoAsync(100_000);
            await second.EchoAsync(23);
            await third.EchoAsync(1);
            using (var turnedAway = new Socket(SocketType.Stream, ProtocolType.Tcp))
            {
                await turnedAway.ConnectAsync(service.EndPoint, TestContext.Current.CancellationToken);
                await Eventually.TrueAsync(async () => (await service.ScrapeAsync())["echo_connections_rejected_total{reason=\"limit\"}"] == 1);
            }

            await Eventually.TrueAsync(async () => (await service.ScrapeAsync())["echo_sent_bytes_total"] == 100_024);
            var busy = await service.ScrapeAsync();
            busy["echo_received_bytes_total"].ShouldBe(100_024);
            busy["echo_connections_active"].ShouldBe(3);
            busy["echo_event_args_in_use"].ShouldBe(3);
            busy["echo_buffer_bytes{state=\"in_use\"}"].ShouldBeGreaterThanOrEqualTo(3 * 1024);
            await first.FinishAsync();
            await second.FinishAsync();
            third.Reset();
            await service.AllGoneAsync();
        }

        await Eventually.TrueAsync(async () => (await service.ScrapeAsync()).Samples.GetValueOrDefault("echo_connection_duration_seconds_count") == 3);
        var scrape = await service.ScrapeAsync();
        scrape["echo_connections_accepted_total"].ShouldBe(3);
        scrape["echo_connections_closed_total{reason=\"client_fin\"}"].ShouldBe(2);
        scrape["echo_connections_closed_total{reason=\"client_reset\"}"].ShouldBe(1);
        scrape["echo_connections_active"].ShouldBe(0);
        scrape["echo_connections_peak"].ShouldBe(3);
        scrape["echo_connections_limit"].ShouldBe(3);
        scrape["echo_pending_send_bytes"].ShouldBe(0);
        scrape["echo_event_args_in_use"].ShouldBe(0);
        scrape["echo_turnaround_seconds_count"].ShouldBeGreaterThan(0);
        // No bucket is missing, and the last one is all of them.
        scrape["echo_connection_duration_seconds_bucket{le=\"0.001\"}"].ShouldBeGreaterThanOrEqualTo(0);
        scrape["echo_connection_duration_seconds_bucket{le=\"86400.0\"}"].ShouldBe(3);
        scrape["echo_connection_duration_seconds_bucket{le=\"+Inf\"}"].ShouldBe(3);
        scrape["echo_turnaround_seconds_bucket{le=\"5e-06\"}"].ShouldBeGreaterThanOrEqualTo(0);
        scrape["echo_turnaround_seconds_bucket{le=\"10.0\"}"].ShouldBeGreaterThan(0);
        var otherScrape = await other.ScrapeAsync();
        otherScrape["echo_connections_accepted_total"].ShouldBe(0);
        otherScrape["echo_received_bytes_total"].ShouldBe(0);
        otherScrape.Samples.GetValueOrDefault("echo_connection_duration_seconds_count").ShouldBe(0);
    }

    [Fact]
    public async Task ShortConnectionsAreMeasuredFinerThanTheHeartbeat()
    {
        await using var service = await MonitoredService.StartAsync();
        for (var i = 0; i < 20; i++)
        {
            using var client = await EchoClient.ConnectAsync(service.EndPoint);
            await client.EchoAsync(1);
            await client.FinishAsync();
        }

        await service.AllGoneAsync();
        await Eventually.TrueAsync(async () => (await service.ScrapeAsync()).Samples.GetValueOrDefault("echo_connection_duration_seconds_count") == 20);
        // By a clock of 100 ms most of these would take no time at all.
        var scrape = await service.ScrapeAsync();
        scrape["echo_connection_duration_seconds_sum"].ShouldBeGreaterThan(20 * 0.000_05);
        (scrape["echo_connection_duration_seconds_sum"] * 10 % 1).ShouldNotBe(0);
    }

    [Fact]
    public async Task DrainShowsInEveryMetricThatIsForIt()
    {
        await using var service = await MonitoredService.StartAsync();
        var lifecycle = service.Services.GetRequiredService<ServiceLifecycle>();
        using var leaving = await EchoClient.ConnectAsync(service.EndPoint);
        using var staying = await EchoClient.ConnectAsync(service.EndPoint);
        await Eventually.TrueAsync(() => service.Server.Limit.Active == 2);

        var status = lifecycle.BeginDrain(new DrainRequest(TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.FromSeconds(-1), DeadlineAction.Reset), DrainTrigger.Api);
        var draining = await service.ScrapeAsync();
        draining["echo_phase{phase=\"draining\"}"].ShouldBe(1);
        draining["echo_phase{phase=\"serving\"}"].ShouldBe(0);
        draining["echo_drain_connections_remaining"].ShouldBe(2);
        draining["echo_drain_deadline_timestamp_seconds"].ShouldBe((status.Deadline!.Value - DateTimeOffset.UnixEpoch).TotalSeconds, 0.001);

        await leaving.FinishAsync();
        await Eventually.TrueAsync(() => service.Server.Limit.Active == 1);
        (await service.ScrapeAsync())["echo_drain_connections_remaining"].ShouldBe(1);
        lifecycle.Force();
        (await staying.ReceiveToEndAsync()).ShouldBe(StreamEnd.Reset);
        await Eventually.TrueAsync(() => lifecycle.Phase == ServicePhase.Drained);
        lifecycle.CancelDrain();

        var after = await service.ScrapeAsync();
        after["echo_phase{phase=\"serving\"}"].ShouldBe(1);
        after["echo_drain_connections_remaining"].ShouldBe(0);
        after["echo_drain_deadline_timestamp_seconds"].ShouldBe(0);
        after["echo_drain_closed_total{how=\"client\"}"].ShouldBe(1);
        after["echo_drain_closed_total{how=\"graceful\"}"].ShouldBe(0);
        after["echo_drain_closed_total{how=\"forced\"}"].ShouldBe(1);
    }

    [Fact]
    public async Task ScrapeDoesNotGrowWithTheNumberOfClients()
    {
        const int Clients = 2000;
        await using var service = await MonitoredService.StartAsync();
        using var first = await EchoClient.ConnectAsync(service.EndPoint);
        await first.EchoAsync(100);
        // The scrapes themselves make series of http_server_*; after two these are there.
        await service.ScrapeTextAsync();
        await service.ScrapeTextAsync();
        var one = Own(await service.ScrapeTextAsync());

        var clients = new Socket[Clients];
        try
        {
            for (var i = 0; i < Clients; i++)
            {
                clients[i] = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await clients[i].ConnectAsync(service.EndPoint, TestContext.Current.CancellationToken);
            }

            await Eventually.TrueAsync(() => service.Server.Limit.Active == Clients + 1);
            var many = Own(await service.ScrapeTextAsync());
            many.Select(SeriesOf).ShouldBe(one.Select(SeriesOf));
            // Some ten numbers have up to ten more digits.
            (many.Sum(line => line.Length) - one.Sum(line => line.Length)).ShouldBeLessThan(100);
        }
        finally
        {
            foreach (var client in clients)
            {
                client?.Dispose();
            }
        }

        await first.FinishAsync();
        await service.AllGoneAsync();

        static string SeriesOf(string line) => line.StartsWith('#') ? line : line.Split(' ')[0];

        // Other tests share the runtime, whose series come when something happens.
        static string[] Own(string text) => [.. text.Split('\n').Where(line => !line.Contains("dotnet_", StringComparison.Ordinal))];
    }

    [Fact]
    public async Task ConcurrentScrapesEachGetAWholeOneInTheirFormat()
    {
        await using var service = await MonitoredService.StartAsync();
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = service.Http.BaseAddress };
        var scrapes = await Task.WhenAll(Enumerable.Range(0, 64).Select(async i =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
            request.Headers.TryAddWithoutValidation("Accept", i % 2 == 0 ? "text/plain" : "application/openmetrics-text");
            using var response = await http.SendAsync(request, TestContext.Current.CancellationToken);
            return (OpenMetrics: i % 2 != 0, Text: await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }));
        foreach (var (openMetrics, text) in scrapes)
        {
            text.EndsWith("# EOF\n", StringComparison.Ordinal).ShouldBe(openMetrics);
            Exposition.Parse(text)["echo_connections_limit"].ShouldBe(10_000);
        }
    }

    [Fact]
    public async Task ResponseSaysWhatItDependsOn()
    {
        await using var service = await MonitoredService.StartAsync();
        using var response = await service.GetMetricsAsync();
        response.Headers.Vary.ShouldContain("Accept");
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        response.Content.Headers.ContentLength.ShouldNotBeNull();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task PromtoolHasNothingToSayAboutAScrape(bool busy)
    {
        await using var service = await MonitoredService.StartAsync();
        if (busy)
        {
            using var client = await EchoClient.ConnectAsync(service.EndPoint);
            await client.EchoAsync(100_000);
            await client.FinishAsync();
            using var notFound = await service.Http.GetAsync(new Uri("/no-such-page", UriKind.Relative), TestContext.Current.CancellationToken);
        }

        var (exitCode, output) = await Tool.RunAsync("promtool", await service.ScrapeTextAsync(), "check", "metrics");
        output.ShouldBe("");
        exitCode.ShouldBe(0);
    }

    private static IEnumerable<string> Series(string name, string label, params string[] values) => values.Select(value => $"{name}{{{label}=\"{value}\"}}");
}
