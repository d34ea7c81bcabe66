using System.Diagnostics.Metrics;
using EchoService.Diagnostics.Metrics;

namespace EchoService.Diagnostics.Export;

/// <summary>
/// The declared metrics as instruments of a meter, for whoever listens: OTLP push, <c>dotnet-counters</c>. Nothing is
/// read, and nothing costs anything, while nobody does.
/// </summary>
internal sealed class EchoMeter
{
    /// <summary>The meter's name, for whoever adds an exporter of their own.</summary>
    public const string Name = "EchoService";

    public EchoMeter(IMeterFactory factory, ConnectionTimes times, IEnumerable<IReadOnlyList<Metric>> metrics)
    {
        // The factory owns the meter.
        var meter = factory.Create(Name, BuildInfo.Version);
        foreach (var histogram in times.Histograms)
        {
            histogram.Attach(meter);
        }

        foreach (var metric in metrics.SelectMany(area => area))
        {
            var series = Array.ConvertAll(metric.Series, one => (one.Read, Tags: Tags(metric.Labels, one.LabelValues)));
            IEnumerable<Measurement<double>> Read() => Array.ConvertAll(series, one => new Measurement<double>(one.Read(), one.Tags));
            _ = metric.Kind == MetricKind.Counter
                ? (Instrument)meter.CreateObservableCounter(metric.Name, Read, metric.Unit, metric.Help)
                : meter.CreateObservableGauge(metric.Name, Read, metric.Unit, metric.Help);
        }
    }

    private static KeyValuePair<string, object?>[] Tags(string[] names, string[] values) =>
        [.. names.Zip(values, (name, value) => KeyValuePair.Create(name, (object?)value))];
}
