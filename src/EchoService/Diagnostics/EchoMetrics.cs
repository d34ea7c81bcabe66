using System.Diagnostics.Metrics;
using EchoService.Transport;

namespace EchoService.Diagnostics;

/// <summary>
/// The service's own meter, and the two histograms that the data plane writes to: one record per connection, and one
/// per <see cref="TransportCounters"/> sample. All other instruments only read (<see cref="EchoInstruments"/>).
/// </summary>
internal sealed class EchoMetrics : IConnectionObserver
{
    /// <summary>The meter's name, for whoever adds an exporter of their own.</summary>
    public const string MeterName = "EchoService";

    /// <summary>Seconds, 1 ms to 1 day: a probe's connection as well as a pooled one.</summary>
    private static readonly double[] DurationBounds =
        [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 10_800, 21_600, 43_200, 86_400];

    /// <summary>Seconds, 5 µs (two system calls) to 10 s (a reader that does not read), three to a decade.</summary>
    private static readonly double[] TurnaroundBounds =
    [
        0.000_005, 0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005,
        0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
    ];

    private readonly Histogram<double> _turnaround;
    private readonly Histogram<double> _duration;

    public EchoMetrics(IMeterFactory factory)
    {
        // The factory owns the meter.
        Meter = factory.Create(MeterName, BuildInfo.Version);
        _turnaround = Meter.CreateHistogram(
            "echo.turnaround", "s", "Time from the completion of a receive to the completion of its echo, sampled.", null, Bounds(TurnaroundBounds));
        _duration = Meter.CreateHistogram(
            "echo.connection.duration", "s", "Time from accept to the end of a connection.", null, Bounds(DurationBounds));
    }

    /// <summary>Where further instruments of the service belong.</summary>
    public Meter Meter { get; }

    public void RecordTurnaround(TimeSpan turnaround) => _turnaround.Record(turnaround.TotalSeconds);

    public void RecordDuration(TimeSpan duration) => _duration.Record(duration.TotalSeconds);

    private static InstrumentAdvice<double> Bounds(double[] bounds) => new() { HistogramBucketBoundaries = bounds };
}
