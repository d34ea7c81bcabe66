namespace EchoService.Probe.Reporting;

/// <summary>Connections made, connects that failed by how, and connections that ended by how.</summary>
internal sealed record ConnectionsReport(
    long Made,
    long Reconnects,
    long Refused,
    long ConnectTimeouts,
    long Unreachable,
    long LocalLimit,
    long FinAtBoundary,
    long FinInsideMessage,
    long Resets,
    long Stalled);
