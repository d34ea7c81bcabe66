using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>
/// One Prometheus for all tests of a class, since it takes five seconds to look at its targets for the first time, and
/// a service for each test, so that each begins at 0.
/// </summary>
public sealed class PrometheusFixture : IAsyncLifetime
{
    private const int Pods = 6;

    private readonly Queue<Pod> _unused = [];
    private readonly List<MonitoredService> _services = [];

    internal PrometheusServer Prometheus { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (!Requirements.Has(Need.Prometheus))
        {
            return;
        }

        for (var i = 0; i < Pods; i++)
        {
            _services.Add(await MonitoredService.StartAsync());
        }

        Prometheus = await PrometheusServer.StartAsync(_services.Select((service, i) => ($"echoservice-{i}", service.Http.BaseAddress!)));
        for (var i = 0; i < Pods; i++)
        {
            _unused.Enqueue(new Pod($"echoservice-{i}", _services[i], Prometheus));
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Prometheus is not null)
        {
            await Prometheus.DisposeAsync();
        }

        foreach (var service in _services)
        {
            await service.DisposeAsync();
        }
    }

    /// <summary>A service that nobody has used and that Prometheus has scraped.</summary>
    internal async Task<Pod> PodAsync()
    {
        var pod = _unused.Dequeue();
        await pod.ScrapedAsync();
        return pod;
    }

    /// <summary>A service, and what Prometheus knows of it.</summary>
    internal sealed class Pod(string name, MonitoredService service, PrometheusServer prometheus)
    {
        public string Name => name;

        public MonitoredService Service => service;

        /// <summary>Asks about this pod alone.</summary>
        /// <param name="expression">Has braces after every metric, empty or not.</param>
        /// <param name="at">When; now if not given.</param>
        public Task<IReadOnlyDictionary<string, double>> QueryAsync(string expression, DateTimeOffset? at = null) =>
            prometheus.QueryAsync(expression.Replace("{", $"{{pod=\"{name}\",", StringComparison.Ordinal), at);

        /// <summary>The one value of a query that has one.</summary>
        public async Task<double> ValueAsync(string expression, DateTimeOffset? at = null) => (await QueryAsync(expression, at)).ShouldHaveSingleItem().Value;

        /// <summary>Waits for a scrape that began after the call.</summary>
        public async Task ScrapedAsync()
        {
            var now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000d;
            await Eventually.TrueAsync(async () => (await QueryAsync("timestamp(echo_build_info{})")).Values.SingleOrDefault() > now);
        }
    }
}
