using EchoService.Probe.Events;
using EchoService.Probe.Judging;

namespace EchoService.Probe.Reporting;

/// <param name="Status">The verdict.</param>
/// <param name="ExitCode">What the process exits with, if this is the verdict on the run.</param>
/// <param name="Causes">Why, gravest first; empty without a disruption.</param>
/// <param name="Summary">The verdict in one line.</param>
internal sealed record VerdictReport(VerdictStatus Status, int ExitCode, IReadOnlyList<ProbeEventKind> Causes, string Summary)
{
    /// <summary>Before there is one.</summary>
    public static readonly VerdictReport None = new(VerdictStatus.NoConnection, Verdict.NoConnection, [], "");
}
