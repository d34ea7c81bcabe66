namespace EchoService.Probe.Reporting;

internal enum VerdictStatus
{
    NoDisruption,
    Disruption,

    /// <summary>All that was wrong, the probe's own machine was to blame for: nothing is said of the server.</summary>
    Inconclusive,
    NoConnection,
}
