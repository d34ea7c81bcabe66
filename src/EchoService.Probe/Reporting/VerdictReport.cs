using EchoService.Probe.Connections;

namespace EchoService.Probe.Reporting;

/// <param name="Status">The verdict.</param>
/// <param name="ExitCode">What the process exits with.</param>
/// <param name="Causes">Why, gravest first; empty with <see cref="VerdictStatus.NoDisruption"/>.</param>
/// <param name="Summary">The verdict in one line.</param>
internal sealed record VerdictReport(VerdictStatus Status, int ExitCode, IReadOnlyList<ProbeEventKind> Causes, string Summary);
