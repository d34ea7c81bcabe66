using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using EchoService.Diagnostics.Export;
using EchoService.Diagnostics.Metrics;
using EchoService.IntegrationTests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>The same metrics, pushed to a collector that the test plays.</summary>
public sealed class OtlpTests
{
    [Fact]
    public async Task MetricsArePushedWhenAnEndpointIsSet()
    {
        await using var collector = await Collector.StartAsync();
        await using var service = await MonitoredService.StartAsync(
            $"OTEL_EXPORTER_OTLP_ENDPOINT={collector.Url}", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_METRIC_EXPORT_INTERVAL=100");
        using var client = await EchoClient.ConnectAsync(service.EndPoint);
        await client.EchoAsync(54_321);
        await client.FinishAsync();
        await service.AllGoneAsync();

        await Eventually.TrueAsync(() => collector.Sums.GetValueOrDefault("echo.sent") == 54_321);
        await Eventually.TrueAsync(() => collector.Sums.GetValueOrDefault("echo.received") == 54_321);
        await Eventually.TrueAsync(() => collector.Sums.GetValueOrDefault("echo.connections.accepted") == 1);
        await Eventually.TrueAsync(() => collector.Names.Contains("echo.connection.duration"));
        await Eventually.TrueAsync(() => collector.Names.Contains("dotnet.process.cpu.time"));
        // All that is scraped is pushed, from the same declarations.
        var declared = service.Services.GetServices<IReadOnlyList<Metric>>().SelectMany(area => area).Select(metric => metric.Name);
        await Eventually.TrueAsync(() => !declared.Except(collector.Names).Any());
        await Eventually.TrueAsync(() => collector.Names.Contains("echo.turnaround"));
        collector.ServiceName.ShouldBe("echoservice");
        // Scrapes go on as well.
        (await service.ScrapeAsync())["echo_received_bytes_total"].ShouldBe(54_321);
    }

    [Fact]
    public async Task WhatHappenedLastIsPushedOnTheWayOut()
    {
        await using var collector = await Collector.StartAsync();
        await using (var service = await MonitoredService.StartAsync(
            $"OTEL_EXPORTER_OTLP_ENDPOINT={collector.Url}", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_METRIC_EXPORT_INTERVAL=3600000"))
        {
            using var client = await EchoClient.ConnectAsync(service.EndPoint);
            await client.EchoAsync(999);
            await client.FinishAsync();
            await service.AllGoneAsync();
        }

        collector.Sums.GetValueOrDefault("echo.received").ShouldBe(999);
    }

    [Fact]
    public async Task NothingListensToTheInstrumentsWithoutAnEndpoint()
    {
        await using var service = await MonitoredService.StartAsync("OTEL_METRIC_EXPORT_INTERVAL=100", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf");
        IsListenedTo(service).ShouldBeFalse();
        await using var collector = await Collector.StartAsync();
        await using var pushing = await MonitoredService.StartAsync($"OTEL_EXPORTER_OTLP_ENDPOINT={collector.Url}", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf");
        IsListenedTo(pushing).ShouldBeTrue();

        static bool IsListenedTo(MonitoredService service) =>
            service.Services.GetRequiredService<IMeterFactory>().Create(EchoMeter.Name).CreateCounter<int>("test").Enabled;
    }

    [Theory]
    [InlineData("OTEL_SDK_DISABLED=true")]
    [InlineData("OTEL_METRICS_EXEMPLAR_FILTER=always_on")]
    [InlineData("OTEL_METRICS_EXPORTER=none")]
    [InlineData("OTEL_SERVICE_NAME=other", "OTEL_RESOURCE_ATTRIBUTES=a=b")]
    [InlineData("OTEL_DOTNET_EXPERIMENTAL_METRICS_EMIT_OVERFLOW_ATTRIBUTE=true", "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION=base2_exponential_bucket_histogram")]
    public async Task NoSettingOfOpenTelemetryChangesTheScrape(params string[] settings)
    {
        await using var collector = await Collector.StartAsync();
        await using var plain = await MonitoredService.StartAsync();
        await using var service = await MonitoredService.StartAsync(
            [.. settings, $"OTEL_EXPORTER_OTLP_ENDPOINT={collector.Url}", "OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf", "OTEL_METRIC_EXPORT_INTERVAL=100"]);
        foreach (var one in new[] { plain, service })
        {
            using var client = await EchoClient.ConnectAsync(one.EndPoint);
            await client.EchoAsync(1234);
            await client.FinishAsync();
            await one.AllGoneAsync();
        }

        var expected = await plain.ScrapeAsync(openMetrics: true);
        var scrape = await service.ScrapeAsync(openMetrics: true);
        scrape.Types.ShouldBe(expected.Types, ignoreOrder: true);
        scrape.Samples.Keys.ShouldBe(expected.Samples.Keys, ignoreOrder: true);
        scrape["echo_sent_bytes_total"].ShouldBe(1234);
        scrape["echo_connection_duration_seconds_count"].ShouldBe(1);
    }

    /// <summary>Takes OTLP over HTTP and keeps the last sum of each metric that has one series.</summary>
    private sealed class Collector : IAsyncDisposable
    {
        private readonly WebApplication _application;

        private Collector(WebApplication application) => _application = application;

        public string Url => _application.Urls.Single();

        public ConcurrentDictionary<string, double> Sums { get; } = new();

        public ConcurrentBag<string> Names { get; } = [];

        public string? ServiceName { get; private set; }

        public static async Task<Collector> StartAsync()
        {
            var builder = WebApplication.CreateBuilder(["--urls=http://127.0.0.1:0"]);
            builder.Logging.ClearProviders();
            var application = builder.Build();
            var collector = new Collector(application);
            application.MapPost("/v1/metrics", collector.TakeAsync);
            await application.StartAsync(TestContext.Current.CancellationToken);
            return collector;
        }

        public async ValueTask DisposeAsync() => await _application.DisposeAsync();

        private async Task TakeAsync(HttpContext context)
        {
            var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            // opentelemetry/proto/metrics/v1/metrics.proto, by field number.
            foreach (var resourceMetrics in Fields(body.ToArray(), 1))
            {
                foreach (var attribute in Fields(resourceMetrics, 1).SelectMany(resource => Fields(resource, 1)))
                {
                    if (Text(attribute, 1) == "service.name")
                    {
                        ServiceName = Text(Fields(attribute, 2).Single(), 1);
                    }
                }

                foreach (var metric in Fields(resourceMetrics, 2).SelectMany(scopeMetrics => Fields(scopeMetrics, 2)))
                {
                    var name = Text(metric, 1);
                    Names.Add(name);
                    var points = Fields(metric, 7).SelectMany(sum => Fields(sum, 1)).ToList();
                    if (points.Count == 1 && Fields(points[0], 4).SingleOrDefault() is { } value)
                    {
                        Sums[name] = BinaryPrimitives.ReadDoubleLittleEndian(value);
                    }
                }
            }

            context.Response.ContentType = "application/x-protobuf";
        }

        private static string Text(byte[] message, int field) => Encoding.UTF8.GetString(Fields(message, field).Single());

        /// <summary>The contents of each occurrence of a field in a protobuf message.</summary>
        private static List<byte[]> Fields(byte[] message, int field)
        {
            var found = new List<byte[]>();
            for (var at = 0; at < message.Length;)
            {
                var tag = Varint(message, ref at);
                var length = (tag & 7) switch { 0 => 0, 1 => 8, 2 => (int)Varint(message, ref at), 5 => 4, _ => throw new InvalidDataException() };
                if ((tag & 7) == 0)
                {
                    Varint(message, ref at);
                }

                if ((int)(tag >> 3) == field)
                {
                    found.Add(message[at..(at + length)]);
                }

                at += length;
            }

            return found;
        }

        private static ulong Varint(byte[] message, ref int at)
        {
            var value = 0ul;
            for (var shift = 0; ; shift += 7)
            {
                var next = message[at++];
                value |= (ulong)(next & 0x7F) << shift;
                if (next < 0x80)
                {
                    return value;
                }
            }
        }
    }
}
