using EchoService.Probe.Measurement;

namespace EchoService.Probe.Reporting;

internal sealed record LatencyReport(
    long Count,
    double MinSeconds,
    double MeanSeconds,
    double P50Seconds,
    double P90Seconds,
    double P99Seconds,
    double P999Seconds,
    double MaxSeconds)
{
    public static LatencyReport From(LatencyHistogram histogram) => new(
        histogram.Count,
        Clock.ToSeconds(histogram.Min),
        Math.Round(histogram.Mean / Clock.Second, 9),
        Clock.ToSeconds(histogram.ValueAt(0.5)),
        Clock.ToSeconds(histogram.ValueAt(0.9)),
        Clock.ToSeconds(histogram.ValueAt(0.99)),
        Clock.ToSeconds(histogram.ValueAt(0.999)),
        Clock.ToSeconds(histogram.Max));
}
