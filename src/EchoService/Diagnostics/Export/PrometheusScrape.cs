using EchoService.Diagnostics.Metrics;
using Prometheus;

namespace EchoService.Diagnostics.Export;

/// <summary>
/// What a scrape gets: the declared metrics, those of the process, and what prometheus-net brings for HTTP, in a registry
/// of this host's own.
/// </summary>
/// <remarks>
/// One scrape at a time reads everything first and then writes it, so that the text is one reading. The library's own
/// callbacks before a collection would run beside another scrape's writing, and hide that they failed.
/// </remarks>
internal sealed class PrometheusScrape : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly Action[] _readings;
    private int _lastSize = 32_768;

    public PrometheusScrape(ConnectionTimes times, IEnumerable<IReadOnlyList<Metric>> metrics)
    {
        var factory = Prometheus.Metrics.WithCustomRegistry(_registry);
        factory.ExemplarBehavior = ExemplarBehavior.NoExemplars();
        // The histograms first: a connection's end is counted before its time is recorded, so there are never more times than ends.
        _readings = [.. times.Histograms.Select(histogram => histogram.Register(factory)), .. metrics.SelectMany(area => area).Concat(ProcessMetrics.Declare()).SelectMany(metric => Register(factory, metric))];
        Factory = factory;
    }

    /// <summary>Makes further metrics of this registry, which change whenever they like.</summary>
    public IMetricFactory Factory { get; }

    /// <summary>Reads all metrics and returns them as text.</summary>
    /// <param name="openMetrics">OpenMetrics 1.0.0 rather than Prometheus text 0.0.4.</param>
    /// <param name="cancellationToken">Ends the wait for other scrapes.</param>
    /// <remarks>Throws what a reading throws: no answer is better than one with some old values in it.</remarks>
    public async Task<ReadOnlyMemory<byte>> ScrapeAsync(bool openMetrics, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            foreach (var read in _readings)
            {
                read();
            }

            var text = new MemoryStream(_lastSize + (_lastSize / 8));
            var format = openMetrics ? ExpositionFormat.OpenMetricsText : ExpositionFormat.PrometheusText;
            await _registry.CollectAndExportAsTextAsync(text, format, cancellationToken).ConfigureAwait(false);
            _lastSize = (int)text.Length;
            return text.GetBuffer().AsMemory(0, _lastSize);
        }
        finally
        {
            _turn.Release();
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>Makes all series of <paramref name="metric"/>, at 0.</summary>
    /// <returns>What reads each.</returns>
    private static Action[] Register(MetricFactory factory, Metric metric)
    {
        if (metric.Kind == MetricKind.Counter)
        {
            var counter = factory.CreateCounter(metric.PrometheusName, metric.Help, metric.Labels);
            return Array.ConvertAll(metric.Series, series =>
            {
                var child = counter.WithLabels(series.LabelValues);
                return (Action)(() => child.IncTo(series.Read()));
            });
        }

        var gauge = factory.CreateGauge(metric.PrometheusName, metric.Help, metric.Labels);
        return Array.ConvertAll(metric.Series, series =>
        {
            var child = gauge.WithLabels(series.LabelValues);
            return (Action)(() => child.Set(series.Read()));
        });
    }
}
