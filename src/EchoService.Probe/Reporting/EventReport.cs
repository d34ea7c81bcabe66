using EchoService.Probe.Connections;

namespace EchoService.Probe.Reporting;

internal sealed record EventReport(double AtSeconds, int Connection, ProbeEventKind Kind, string? Detail);
