namespace EchoService.Probe.Reporting;

/// <summary>What was answered within the run's duration; bytes are counted one way.</summary>
internal sealed record ThroughputReport(double MessagesPerSecond, double BytesPerSecond);
