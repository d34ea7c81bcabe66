namespace EchoService.Probe.Reporting;

internal enum VerdictStatus
{
    NoDisruption,
    Disruption,
    NoConnection,
}
