namespace EchoService.Probe.Reporting;

internal sealed record BytesReport(long Sent, long Received, long Corrupted, long Lost);
