using System.Globalization;
using System.Net.Mime;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Logging;

namespace EchoService.IntegrationTests.StatusPage;

/// <summary>The page's files with a made-up service behind them that always looks the same: for pictures.</summary>
internal sealed class ScriptedService : IAsyncDisposable
{
    private const int Seconds = 300;
    private const int Uptime = 11_655;

    private static readonly DateTime StartedAt = new(2026, 3, 2, 6, 41, 12, DateTimeKind.Utc);

    private readonly WebApplication _application;

    private ScriptedService(WebApplication application) => _application = application;

    public Uri Uri => new(_application.Urls.Single());

    public static async Task<ScriptedService> StartAsync(Scene scene)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        var application = builder.Build();
        application.Urls.Add("http://127.0.0.1:0");
        var files = new PhysicalFileProvider(Repository.PathOf("src", "EchoService", "wwwroot"));
        application.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files });
        application.UseStaticFiles(new StaticFileOptions { FileProvider = files, ContentTypeProvider = new FileExtensionContentTypeProvider() });
        application.MapGet("/clients", (int limit) => Results.Json(Clients(scene, limit)));
        application.MapGet("/drain", () => Results.Json(new { phase = "serving", initial = 0, remaining = 0, closedByClient = 0, closedGracefully = 0, closedForced = 0, bytesUnsent = 0 }));
        application.MapGet("/faults", () => Results.Json(new { enabled = false, items = Array.Empty<object>() }));
        application.MapGet("/events", async (HttpContext context) =>
        {
            context.Response.ContentType = MediaTypeNames.Text.EventStream;
            foreach (var reading in Readings(scene))
            {
                await context.Response.WriteAsync($"event: stats\ndata: {JsonSerializer.Serialize(reading)}\n\n", context.RequestAborted);
            }

            await context.Response.Body.FlushAsync(context.RequestAborted);
            // The stream stays open, as the service's does.
            await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        await application.StartAsync(TestContext.Current.CancellationToken);
        return new ScriptedService(application);
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource(TimeSpan.Zero);
        await _application.StopAsync(now.Token);
        await _application.DisposeAsync();
    }

    /// <summary>Five minutes of /stats, one a second.</summary>
    private static IEnumerable<object> Readings(Scene scene)
    {
        var random = new RepeatableRandom(7);
        var received = scene.Rate * 9_000;
        var accepted = (scene.Clients * 5) + 211;
        var level = 1.0;
        for (var i = 0; i <= Seconds; i++)
        {
            level = Math.Clamp(level + ((random.Next() - 0.5) * 0.16) + ((1 - level) * 0.03), 0.3, 1.7);
            var burst = i is > 130 and < 168 ? 1.5 : 1;
            received += (long)(scene.Rate * level * burst * (0.94 + (random.Next() * 0.12)));
            var wave = (int)(scene.Clients * (1 + (0.12 * Math.Sin((i - Seconds) / 29.0)) + (0.02 * (random.Next() - 0.5))));
            var active = i == Seconds ? scene.Clients : wave;
            accepted += (int)(random.Next() * 3);
            var peak = (int)(scene.Clients * 1.4) + 12;
            yield return new
            {
                instance = new { name = "echoservice-5d9c7b6f4-x2x7k", version = Repository.Version, startedAt = StartedAt, uptimeSeconds = Uptime + i },
                phase = "serving",
                listeners = new[] { new { protocol = "tcp", endpoint = "[::]:7007", state = "listening" } },
                connections = new
                {
                    active,
                    peak,
                    limit = 10_000,
                    accepted,
                    closed = new
                    {
                        clientFin = (int)(scene.Clients * 3.1) + 160,
                        clientReset = 37,
                        idleTimeout = 12,
                        sendTimeout = 2,
                        maxLifetime = 0,
                        admin = 2,
                        drain = 0,
                        drainForced = 0,
                        proxyHeader = 0,
                        error = 0,
                    },
                    rejected = new { limit = 0, draining = 0, resource = 0 },
                },
                bytes = new { received, sent = received - (long)(scene.Rate * 0.002) },
                faults = new { active = 0 },
                management = new { connections = 2, limit = 256, eventStreams = 1 },
                pools = new
                {
                    eventArgs = new { capacity = 10_000, created = peak, inUse = active },
                    // One client of a hundred does not keep up.
                    buffers = new { bytesInUse = active / 100 * 65_536, bytesReserved = (3 + (peak / 100)) * 65_536 },
                },
                udp = new { received = 0, sent = 0, dropped = 0 },
            };
        }
    }

    private static object Clients(Scene scene, int limit)
    {
        var random = new RepeatableRandom(23);
        var shown = Math.Min(limit, scene.Clients);
        var items = Enumerable.Range(0, shown).Select(index => Client(1_204 + (index * 3) + (int)(random.Next() * 3), index, random)).ToArray();
        return new { total = scene.Clients, items, next = scene.Clients > shown ? "next" : null };
    }

    private static object Client(int id, int index, RepeatableRandom random)
    {
        var now = StartedAt.AddSeconds(Uptime + Seconds);
        var ageSeconds = (9_400.0 / (index + 1) * (0.8 + (random.Next() * 0.4))) + (index * 3);
        var idleSeconds = random.Next() < 0.25 ? Math.Min(ageSeconds, random.Next() * 240) : random.Next() * 0.9;
        var bytesSent = (long)(ageSeconds * Math.Pow(random.Next(), 3) * 900_000);
        var pendingBytes = random.Next() < 0.15 ? (int)(random.Next() * 65_536) : 0;
        var remoteEndPoint = string.Create(CultureInfo.InvariantCulture, $"10.42.{(int)(random.Next() * 6)}.{2 + (int)(random.Next() * 250)}:{32_768 + (int)(random.Next() * 28_000)}");
        var closing = index == 6;
        return new
        {
            id,
            remoteEndPoint,
            peerEndPoint = remoteEndPoint,
            localEndPoint = "10.42.0.17:7007",
            proxied = false,
            state = closing ? "closing" : "open",
            connectedAt = now.AddSeconds(-ageSeconds),
            ageSeconds,
            lastReceivedAt = now.AddSeconds(-idleSeconds),
            lastSentAt = now.AddSeconds(-idleSeconds),
            idleSeconds,
            bytesReceived = bytesSent + pendingBytes,
            bytesSent,
            pendingBytes,
            closedAt = (DateTime?)null,
            closeReason = closing ? "admin" : null,
        };
    }
}
