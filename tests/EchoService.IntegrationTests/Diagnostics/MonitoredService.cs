using System.Net;
using System.Net.Http.Headers;
using EchoService.Transport;
using EchoService.Transport.Connections;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>The whole service in this process, and a scraper's way in.</summary>
internal sealed class MonitoredService : IAsyncDisposable
{
    private readonly WebApplication _application;

    private MonitoredService(WebApplication application)
    {
        _application = application;
        Server = application.Services.GetRequiredService<EchoServer>();
        // One connection, so that scraping does not add connections to what is scraped.
        Http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 1, UseProxy = false }) { BaseAddress = new Uri(application.Urls.Single()) };
    }

    public IServiceProvider Services => _application.Services;

    public EchoServer Server { get; }

    public IPEndPoint EndPoint => new(IPAddress.Loopback, Server.EndPoint!.Port);

    public HttpClient Http { get; }

    /// <summary>Starts it.</summary>
    /// <param name="settings">What differs from the defaults, as <c>Echo:MaxConnections=2</c>.</param>
    public static Task<MonitoredService> StartAsync(params string[] settings) => StartAsync(null, settings);

    public static async Task<MonitoredService> StartAsync(Action<WebApplicationBuilder>? configure, params string[] settings)
    {
        string[] defaults =
        [
            "Echo:Port=0", "urls=http://127.0.0.1:0", "Logging:LogLevel:Default=Warning",
            "Drain:ReadinessDelay=00:00:00", "Drain:Spread=00:00:00", "Drain:Timeout=00:00:05",
        ];
        var application = EchoServiceApplication.Build([.. defaults.Concat(settings).Select(setting => $"--{setting}")], configure);
        await application.StartAsync(TestContext.Current.CancellationToken);
        return new MonitoredService(application);
    }

    public async Task<HttpResponseMessage> GetMetricsAsync(string? accept = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        if (accept is not null)
        {
            request.Headers.TryAddWithoutValidation("Accept", accept);
        }

        return await Http.SendAsync(request, TestContext.Current.CancellationToken);
    }

    public async Task<string> ScrapeTextAsync(bool openMetrics = false)
    {
        using var response = await GetMetricsAsync(openMetrics ? "application/openmetrics-text" : "text/plain");
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType.ShouldBe(MediaTypeHeaderValue.Parse(
            openMetrics ? "application/openmetrics-text; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8"));
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    public async Task<Exposition> ScrapeAsync(bool openMetrics = false) => Exposition.Parse(await ScrapeTextAsync(openMetrics));

    /// <summary>Waits until every connection that was accepted has ended.</summary>
    public Task AllGoneAsync() => Eventually.TrueAsync(() =>
        Server.Limit.Active == 0 && Enum.GetValues<CloseReason>().Sum(Server.Counters.Closed) == Server.Counters.Accepted);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _application.StopAsync(CancellationToken.None);
        await _application.DisposeAsync();
    }
}
