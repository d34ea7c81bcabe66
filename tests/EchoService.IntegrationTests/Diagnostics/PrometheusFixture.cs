using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>
/// One Prometheus for all tests of a class, since it takes five seconds to look at its targets for the first time, and
/// a service for each test, so that each begins at 0. One of them is a process, whose socket threads serve nobody else.
/// </summary>
public sealed class PrometheusFixture : IAsyncLifetime
{
    private const int Pods = 5;

    private const string NameOfProcess = "echoservice-process";

    private readonly Queue<Pod> _unused = [];
    private readonly List<MonitoredService> _services = [];

    internal PrometheusServer Prometheus { get; private set; } = null!;

    internal EchoProcess Process { get; private set; } = null!;

    /// <summary>What Prometheus knows of <see cref="Process"/>.</summary>
    internal ScrapedPod ProcessPod => new(NameOfProcess, Prometheus);

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

        Process = await EchoProcess.StartAsync();
        Prometheus = await PrometheusServer.StartAsync(
            [.. _services.Select((service, i) => (NameOf(i), service.Http.BaseAddress!)), (NameOfProcess, Process.ManagementUri)]);
        for (var i = 0; i < Pods; i++)
        {
            _unused.Enqueue(new Pod(NameOf(i), _services[i], Prometheus));
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Prometheus is not null)
        {
            await Prometheus.DisposeAsync();
        }

        if (Process is not null)
        {
            await Process.DisposeAsync();
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

    private static string NameOf(int pod) => $"echoservice-{pod}";

    /// <summary>A service, and what Prometheus knows of it.</summary>
    internal sealed class Pod(string name, MonitoredService service, PrometheusServer prometheus) : ScrapedPod(name, prometheus)
    {
        public MonitoredService Service => service;
    }
}
