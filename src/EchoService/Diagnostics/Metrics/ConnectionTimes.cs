using EchoService.Transport;

namespace EchoService.Diagnostics.Metrics;

/// <summary>The times that the data plane takes: one record per connection, and one per <see cref="TransportCounters"/> sample.</summary>
internal sealed class ConnectionTimes : IConnectionObserver
{
    private readonly HistogramMetric _turnaround = new(
        "echo.turnaround",
        "Time from the completion of a receive to the completion of its echo, sampled.",
        // 5 µs (a system call and little else) to 10 s (a reader that does not read), three to a decade.
        [
            0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005,
            0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
        ]);

    private readonly HistogramMetric _duration = new(
        "echo.connection.duration",
        "Time from accept to the end of a connection.",
        // 1 ms to 1 day: a probe's connection as well as a pooled one.
        [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400]);

    public IReadOnlyList<HistogramMetric> Histograms => [_turnaround, _duration];

    public void RecordTurnaround(TimeSpan turnaround) => _turnaround.Record(turnaround.TotalSeconds);

    public void RecordDuration(TimeSpan duration) => _duration.Record(duration.TotalSeconds);
}
