namespace EchoService.Probe.Reporting;

/// <summary>The longest that a client waited for an answer that was due, and when, from the start of the run, that began.</summary>
internal sealed record GapReport(double Seconds, double AtSeconds);
