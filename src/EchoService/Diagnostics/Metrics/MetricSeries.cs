namespace EchoService.Diagnostics.Metrics;

/// <summary>One line of a metric: a set of label values, and what is read for it when somebody collects.</summary>
/// <param name="LabelValues">As many as the metric has labels.</param>
/// <param name="Read">Cheap, never blocks, may be called on any thread.</param>
internal sealed record MetricSeries(string[] LabelValues, Func<double> Read);
