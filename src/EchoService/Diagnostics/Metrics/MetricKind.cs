namespace EchoService.Diagnostics.Metrics;

/// <summary>What may be done with a metric's values: counters are looked at by their rate, gauges as they are.</summary>
internal enum MetricKind
{
    /// <summary>Never goes back.</summary>
    Counter,

    /// <summary>Goes up and down.</summary>
    Gauge,
}
