using System.Diagnostics.Metrics;

namespace EchoService.Diagnostics;

/// <summary>The service's own instruments. Standard <see cref="Meter"/> instruments: any exporter can read them.</summary>
internal sealed class EchoMetrics : IDisposable
{
    /// <summary>The meter's name, for whoever adds an exporter of their own.</summary>
    public const string MeterName = "EchoService";

    private readonly Meter _meter;
    private readonly Histogram<double> _turnaround;
    private readonly Histogram<double> _duration;

    public EchoMetrics(IMeterFactory factory)
    {
        _meter = factory.Create(MeterName);
        _turnaround = _meter.CreateHistogram<double>("echo.turnaround", "s", "Time from a receive's completion to its echo's, sampled.");
        _duration = _meter.CreateHistogram<double>("echo.connection.duration", "s", "Time from accept to the end of a connection.");
    }

    public void RecordTurnaround(TimeSpan turnaround) => _turnaround.Record(turnaround.TotalSeconds);

    public void RecordDuration(TimeSpan duration) => _duration.Record(duration.TotalSeconds);

    public void Dispose() => _meter.Dispose();
}
