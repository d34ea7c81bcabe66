namespace EchoService.Probe.Reporting;

/// <summary>Connections made, connects that failed by how, and connections that ended by how. Over UDP: flows opened, datagrams that were refused or found no way, and flows that were stuck.</summary>
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
    long Stalled,
    long Stuck);
