using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EchoService.Diagnostics;
using EchoService.Diagnostics.Export;
using EchoService.Diagnostics.Metrics;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Lifecycle;
using Microsoft.Extensions.DependencyInjection;

namespace EchoService.IntegrationTests.Diagnostics;

public sealed class MetricsEndpointTests(SharedMonitoredService shared) : IClassFixture<SharedMonitoredService>
{
    private static readonly string[] Labelled =
    [
        .. Series("echo_accept_errors_total", "error", "aborted", "descriptors", "memory", "other"),
        .. Series("echo_buffer_bytes", "state", "in_use"),
        .. Series(
            "echo_connections_closed_total", "reason",
            "client_fin", "client_reset", "idle_timeout", "send_timeout", "max_lifetime", "admin", "drain", "drain_forced", "proxy_header", "fault", "error"),
        .. Series("echo_connections_rejected_total", "reason", "limit", "draining", "resource"),
        .. Series("echo_drain_closed_total", "how", "client", "graceful", "forced"),
        .. Faults("echo_faults_active"),
        .. Faults("echo_fault_connections_total"),
        .. Faults("echo_fault_bytes_total"),
        .. Series("echo_phase", "phase", "lame_duck", "draining", "forcing", "drained"),
        .. Series("echo_udp_datagrams_total", "direction", "received", "sent"),
    ];

    private static readonly string[] Plain =
    [
        "echo_connection_duration_seconds_count", "echo_connection_duration_seconds_sum", "echo_connections_accepted_total", "echo_connections_active",
        "echo_connections_peak", "echo_drain_connections_remaining", "echo_drain_deadline_timestamp_seconds", "echo_event_args_in_use",
        "echo_management_connections_rejected_total", "echo_management_event_streams_active",
        "echo_pending_send_bytes", "echo_received_bytes_total", "echo_sent_bytes_total", "echo_turnaround_seconds_count", "echo_turnaround_seconds_sum",
    ];

    private static readonly (string Name, double Least, double Most)[] Histograms =
        [("echo_connection_duration_seconds", 0.001, 86_400), ("echo_turnaround_seconds", 0.000_005, 10)];

    private static readonly string[] Counters =
    [
        "echo_accept_errors", "echo_connections_accepted", "echo_connections_closed", "echo_connections_rejected", "echo_drain_closed",
        "echo_fault_bytes", "echo_fault_connections", "echo_management_connections_rejected", "echo_received_bytes", "echo_sent_bytes", "echo_udp_datagrams", "echo_udp_dropped",
    ];

    [Theory]
    [InlineData("C:\\new")]
    [InlineData("Of the \"service\".")]
    [InlineData("Two\nlines.")]
    public async Task HelpThatWouldHaveToBeEscapedIsFound(string help)
    {
        using var scrape = new PrometheusScrape(new ConnectionTimes(), [[Metric.One(MetricKind.Gauge, "test", unit: null, help, () => 1)]]);
        var text = Encoding.UTF8.GetString((await scrape.ScrapeAsync(openMetrics: false, TestContext.Current.CancellationToken)).Span);
        Should.Throw<ShouldAssertException>(() => Exposition.Parse(text));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EverySeriesIsThereFromTheStart(bool openMetrics)
    {
        await using var service = await MonitoredService.StartAsync();
        var scrape = await service.ScrapeAsync(openMetrics);
        foreach (var series in Labelled.Concat(Plain))
        {
            scrape[series].ShouldBe(0, series);
        }

        foreach (var (histogram, least, most) in Histograms)
        {
            var buckets = scrape.Buckets(histogram);
            (buckets[0].Bound, buckets[^2].Bound, buckets[^1].Bound).ShouldBe((least, most, double.PositiveInfinity));
            buckets.ShouldAllBe(bucket => bucket.Count == 0);
        }

        scrape["echo_phase{phase=\"serving\"}"].ShouldBe(1);
        scrape["echo_connections_limit"].ShouldBe(10_000);
        // The scrape's own.
        scrape["echo_management_connections_active"].ShouldBe(1);
        scrape["echo_management_connections_limit"].ShouldBe(256);
        scrape.Samples.Keys.ShouldContain(series => series.StartsWith("echo_udp_dropped_total{reason=", StringComparison.Ordinal));
        var build = scrape.Samples.Single(sample => sample.Key.StartsWith("echo_build_info{", StringComparison.Ordinal));
        build.Value.ShouldBe(1);
        build.Key.ShouldContain($"version=\"{BuildInfo.Version}\"");
        build.Key.ShouldContain($"revision=\"{BuildInfo.Revision}\"");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EveryMetricOfTheServiceHasItsType(bool openMetrics)
    {
        await using var service = await MonitoredService.StartAsync();
        var types = (await service.ScrapeAsync(openMetrics)).Types.Where(type => type.Key.StartsWith("echo_", StringComparison.Ordinal)).ToList();
        // 0.0.4 names a counter's family like its sample.
        Names("counter").ShouldBe(Counters.Select(name => openMetrics ? name : name + "_total"), ignoreOrder: true);
        Names("histogram").ShouldBe(Histograms.Select(histogram => histogram.Name), ignoreOrder: true);
        types.Where(type => type.Value is not ("counter" or "histogram")).ShouldAllBe(type => type.Value == "gauge");

        IEnumerable<string> Names(string kind) => types.Where(type => type.Value == kind).Select(type => type.Key);
    }

    [Fact]
    public async Task ProcessRuntimeAndRequestsAreThereUnderTheLibrarysNames()
    {
        await using var service = await MonitoredService.StartAsync();
        var scrape = await service.ScrapeAsync();
        scrape.Types["process_cpu_seconds_total"].ShouldBe("counter");
        scrape["process_working_set_bytes"].ShouldBeGreaterThan(0);
        scrape["process_start_time_seconds"].ShouldBeGreaterThan(0);
        scrape["process_private_memory_bytes"].ShouldBeGreaterThan(0);
        scrape["process_virtual_memory_bytes"].ShouldBeGreaterThan(scrape["process_working_set_bytes"]);
        scrape["process_num_threads"].ShouldBeGreaterThan(0);
        scrape.Types["dotnet_collection_count_total"].ShouldBe("counter");
        scrape["dotnet_collection_count_total{generation=\"2\"}"].ShouldBeGreaterThanOrEqualTo(0);
        scrape["dotnet_total_memory_bytes"].ShouldBeGreaterThan(0);
        scrape.Types["dotnet_gc_heap_total_allocated_bytes_total"].ShouldBe("counter");
        scrape["dotnet_gc_heap_total_allocated_bytes_total"].ShouldBeGreaterThan(0);
        scrape.Types["http_requests_received_total"].ShouldBe("counter");
        scrape.Types["http_request_duration_seconds"].ShouldBe("histogram");
        scrape.Types["http_requests_in_progress"].ShouldBe("gauge");
        scrape.Types.Keys.Select(name => name.Split('_')[0]).Distinct().ShouldBe(["echo", "process", "dotnet", "http"], ignoreOrder: true);
    }

    [Fact]
    public async Task OpenDescriptorsAreCounted()
    {
        const int Files = 5000;
        await using var service = await MonitoredService.StartAsync();
        var files = Enumerable.Range(0, Files).Select(_ => File.OpenHandle(typeof(Metric).Assembly.Location)).ToList();
        try
        {
            // Other tests open and close some too.
            (await service.ScrapeAsync())["process_open_handles"].ShouldBeInRange(Files, Files + 4000);
        }
        finally
        {
            files.ForEach(file => file.Dispose());
        }
    }

    [Fact]
    public async Task RequestsAreCountedByRouteAndByWhatTheClientWasAnswered()
    {
        await using var service = await MonitoredService.StartAsync();
        (await SendAsync("GET", "/clients/999")).ShouldBe(HttpStatusCode.NotFound);
        (await SendAsync("GET", "/stats")).ShouldBe(HttpStatusCode.OK);
        (await SendAsync("GET", "/no-such-page")).ShouldBe(HttpStatusCode.NotFound);
        // An answer that is made of an exception, outside of what handles the call.
        (await SendAsync("POST", "/drain", "{")).ShouldBe(HttpStatusCode.BadRequest);
        // A client can make up as many methods as it likes, and each would be a series for ever.
        (await SendAsync("MADE-UP", "/stats")).ShouldBe(HttpStatusCode.MethodNotAllowed);
        (await SendAsync("sTats", "/stats")).ShouldBe(HttpStatusCode.MethodNotAllowed);

        Dictionary<string, double> Requests(Exposition scrape) =>
            scrape.Samples.Where(sample => sample.Key.StartsWith("http_requests_received_total{", StringComparison.Ordinal)).ToDictionary();
        // A request is counted once it is over, which is after its client has the answer.
        await Eventually.TrueAsync(async () => Requests(await service.ScrapeAsync()).Values.Sum() == 4);
        // Without exemplars: there is nowhere to look a trace up.
        var requests = Requests(await service.ScrapeAsync(openMetrics: true));
        Count("404", "GET", "/clients/{id:long}").ShouldBe(1);
        Count("200", "GET", "/stats").ShouldBe(1);
        Count("404", "GET", "").ShouldBe(1);
        requests.Where(one => one.Key.Contains("code=\"400\"", StringComparison.Ordinal) && one.Key.Contains("method=\"POST\"", StringComparison.Ordinal)).Sum(one => one.Value).ShouldBe(1);

        double Count(string code, string method, string route) =>
            requests.GetValueOrDefault($"http_requests_received_total{{code=\"{code}\",method=\"{method}\",controller=\"\",action=\"\",endpoint=\"{route}\"}}");

        async Task<HttpStatusCode> SendAsync(string method, string path, string? body = null)
        {
            using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : new StringContent(body, null, "application/json") };
            request.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            using var response = await service.Http.SendAsync(request, TestContext.Current.CancellationToken);
            return response.StatusCode;
        }
    }

    [Theory]
    // What Prometheus 2 and 3, and a browser, send.
    [InlineData("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true)]
    [InlineData("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1", true)]
    [InlineData("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", false)]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("*/*", false)]
    [InlineData("text/plain", false)]
    [InlineData("application/*", true)]
    [InlineData("application/openmetrics-text", true)]
    [InlineData("Application/OpenMetrics-Text; Version=\"1.0.0\"; charset=utf-8", true)]
    [InlineData("application/openmetrics-text, text/plain", true)]
    [InlineData("text/plain, application/openmetrics-text", true)]
    [InlineData("text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.8", false)]
    [InlineData("text/plain;version=0.0.4;q=0.8, application/openmetrics-text;q=0.9", true)]
    [InlineData("application/openmetrics-text;q=0, */*", false)]
    [InlineData("text/plain;q=0, */*", true)]
    [InlineData("application/openmetrics-text;version=1.0.0;q=0, application/openmetrics-text;q=1, text/plain;q=0.1", false)]
    [InlineData("application/openmetrics-text;version=0.0.1", false)]
    [InlineData("application/openmetrics-text;version=2.0.0, */*;q=0.1", false)]
    [InlineData("application/json", false)]
    [InlineData("this is no media type, ;;", false)]
    public async Task OpenMetricsIsSentWhenTheScraperPrefersIt(string? accept, bool openMetrics)
    {
        using var response = await shared.Service.GetMetricsAsync(accept);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.ShouldBe(openMetrics ? "application/openmetrics-text" : "text/plain");
        (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).EndsWith("# EOF\n", StringComparison.Ordinal).ShouldBe(openMetrics);
    }

    [Fact]
    public async Task HeadIsAnsweredLikeGetAndNothingElseIs()
    {
        using var head = await SendAsync(HttpMethod.Head);
        head.StatusCode.ShouldBe(HttpStatusCode.OK);
        head.Content.Headers.ContentType!.ToString().ShouldBe("text/plain; version=0.0.4; charset=utf-8");
        head.Content.Headers.ContentLength!.Value.ShouldBeGreaterThan(1000);
        foreach (var method in new[] { HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete, HttpMethod.Options })
        {
            using var refused = await SendAsync(method);
            refused.StatusCode.ShouldBe(HttpStatusCode.MethodNotAllowed, method.Method);
        }

        async Task<HttpResponseMessage> SendAsync(HttpMethod method)
        {
            using var request = new HttpRequestMessage(method, "/metrics");
            return await shared.Service.Http.SendAsync(request, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task FailedReadingIsAnErrorAndNotTheValuesOfTheScrapeBefore()
    {
        var isBroken = false;
        Metric mayFail = new(MetricKind.Gauge, "echo.test", null, "Fails when told to.", [], [new MetricSeries([], () => isBroken ? throw new InvalidOperationException() : 42)]);
        await using var service = await MonitoredService.StartAsync(
            builder => builder.Services.AddSingleton<IReadOnlyList<Metric>>([mayFail]), "Logging:LogLevel:Default=None");
        (await service.ScrapeAsync())["echo_test"].ShouldBe(42);
        isBroken = true;
        using (var failed = await service.GetMetricsAsync())
        {
            failed.StatusCode.ShouldBe(HttpStatusCode.InternalServerError);
            failed.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        }

        isBroken = false;
        (await service.ScrapeAsync())["echo_test"].ShouldBe(42);
    }

    [Fact]
    public async Task ScrapeReadsOnNoSocketThread()
    {
        var threads = new ConcurrentBag<bool>();
        Metric where = new(MetricKind.Gauge, "echo.test", null, "Notes where it is read.", [], [new MetricSeries([], () =>
        {
            threads.Add(Thread.CurrentThread.IsThreadPoolThread);
            return 0;
        })]);
        await using var service = await MonitoredService.StartAsync(builder => builder.Services.AddSingleton<IReadOnlyList<Metric>>([where]));
        for (var i = 0; i < 20; i++)
        {
            await service.ScrapeAsync();
        }

        threads.Count.ShouldBe(20);
        threads.ShouldAllBe(isOfThePool => isOfThePool);
    }

    [Fact]
    public async Task ScrapesAtTheSameTimeReadOneAfterTheOther()
    {
        var (reading, overlaps, readings) = (0, 0, 0);
        Metric slow = new(MetricKind.Gauge, "echo.test", null, "Notices company.", [], [new MetricSeries([], () =>
        {
            if (Interlocked.Increment(ref reading) > 1)
            {
                Interlocked.Increment(ref overlaps);
            }

            // Long enough for another one to come in, were it let.
            Thread.SpinWait(100_000);
            Interlocked.Decrement(ref reading);
            return Interlocked.Increment(ref readings);
        })]);
        await using var service = await MonitoredService.StartAsync(builder => builder.Services.AddSingleton<IReadOnlyList<Metric>>([slow]));
        var scrape = service.Services.GetRequiredService<PrometheusScrape>();
        var texts = await Task.WhenAll(Enumerable.Range(0, 16).Select(i => Task.Run(async () =>
            Encoding.UTF8.GetString((await scrape.ScrapeAsync(openMetrics: i % 2 == 0, TestContext.Current.CancellationToken)).Span))));
        overlaps.ShouldBe(0);
        // Each has the value of its own reading, and not of one that came while it was written.
        texts.Select(text => Exposition.Parse(text)["echo_test"]).Order().ShouldBe(Enumerable.Range(1, 16).Select(i => (double)i));
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
            busy["echo_buffer_bytes{state=\"in_use\"}"].ShouldBe(0);
            busy["echo_buffer_bytes{state=\"reserved\"}"].ShouldBeGreaterThanOrEqualTo(65_536);
            await first.FinishAsync();
            await second.FinishAsync();
            third.Reset();
            await service.AllGoneAsync();
        }

        await Eventually.TrueAsync(async () => (await service.ScrapeAsync())["echo_connection_duration_seconds_count"] == 3);
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
        scrape["echo_connection_duration_seconds_bucket{le=\"86400\"}"].ShouldBe(3);
        scrape["echo_connection_duration_seconds_bucket{le=\"+Inf\"}"].ShouldBe(3);
        scrape["echo_turnaround_seconds_bucket{le=\"5e-06\"}"].ShouldBeGreaterThanOrEqualTo(0);
        scrape["echo_turnaround_seconds_bucket{le=\"10\"}"].ShouldBeGreaterThan(0);
        var otherScrape = await other.ScrapeAsync();
        otherScrape["echo_connections_accepted_total"].ShouldBe(0);
        otherScrape["echo_received_bytes_total"].ShouldBe(0);
        otherScrape["echo_connection_duration_seconds_count"].ShouldBe(0);
    }

    [Fact]
    public async Task ConnectionsToTheManagementAPIShowInTheMetricsThatAreForThem()
    {
        await using var service = await MonitoredService.StartAsync("Management:MaxConnections=8");
        using (await service.Http.GetAsync(new Uri("/events", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken))
        {
            var reading = await ScrapeAsync();
            reading["echo_management_event_streams_active"].ShouldBe(1);
            reading["echo_management_connections_active"].ShouldBe(2);

            var idle = new List<TcpClient>();
            for (var i = 0; i < 10; i++)
            {
                idle.Add(new TcpClient());
                await idle[i].ConnectAsync(IPAddress.Loopback, service.Http.BaseAddress!.Port, TestContext.Current.CancellationToken);
            }

            await Eventually.TrueAsync(async () => (await ScrapeAsync())["echo_management_connections_rejected_total"] >= 3);
            reading = await ScrapeAsync();
            // The connections of the scrapes before may be gone, and have taken another's place before that.
            reading["echo_management_connections_active"].ShouldBeInRange(3, 8);
            reading["echo_management_connections_limit"].ShouldBe(8);
            idle.ForEach(client => client.Dispose());
        }

        await Eventually.TrueAsync(async () => (await ScrapeAsync())["echo_management_event_streams_active"] == 0);

        // Over a connection of its own each time: one that is kept would be among those that give way.
        async Task<Exposition> ScrapeAsync()
        {
            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
            return Exposition.Parse(await http.GetStringAsync(new Uri(service.Http.BaseAddress!, "/metrics"), TestContext.Current.CancellationToken));
        }
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
        await Eventually.TrueAsync(async () => (await service.ScrapeAsync())["echo_connection_duration_seconds_count"] == 20);
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
            many.Length.ShouldBeGreaterThan(100);
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

        // Other tests share the process and what it holds.
        static string[] Own(string text) => [.. text.Split('\n').Where(line => line.Contains("echo_", StringComparison.Ordinal))];
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
    [Needs(Need.Prometheus)]
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

        await using var promtool = ChildProcess.Start("promtool", ["check", "metrics"]);
        await promtool.WriteInputAsync(await service.ScrapeTextAsync());
        (await promtool.ExitAsync()).ShouldBe(new ProcessResult(0, "", ""));
    }

    private static IEnumerable<string> Faults(string name) => Series(
        name, "kind",
        "delay", "throttle", "stall", "slice", "reset", "fin", "corrupt", "drop", "duplicate", "keep_open",
        "refuse", "no_accept", "reset_new", "unready", "false_ready", "udp_drop", "udp_delay", "udp_duplicate");

    private static IEnumerable<string> Series(string name, string label, params string[] values) => values.Select(value => $"{name}{{{label}=\"{value}\"}}");
}
