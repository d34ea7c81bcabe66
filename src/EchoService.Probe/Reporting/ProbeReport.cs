namespace EchoService.Probe.Reporting;

/// <summary>The outcome of a run: what <c>--json</c> prints and the tables show. docs/probe.schema.json describes it.</summary>
internal sealed record ProbeReport
{
    /// <summary>Raised when a field is removed or changes its meaning; new fields may come without.</summary>
    public int SchemaVersion { get; init; } = 2;

    public required string Version { get; init; }
    public required ProbeMode Command { get; init; }
    public required DateTime StartedAt { get; init; }

    /// <summary>How long messages were sent.</summary>
    public required double DurationSeconds { get; init; }

    /// <summary>The run was ended by a signal before its time.</summary>
    public required bool Interrupted { get; init; }

    public required OptionsReport Options { get; init; }

    /// <summary>Of all targets together.</summary>
    public required VerdictReport Verdict { get; init; }

    /// <summary>How late the probe itself was at worst; part of the latencies. Always 0 for load, which has no schedule.</summary>
    public required double ProbeLagSeconds { get; init; }

    public required IReadOnlyList<TargetReport> Targets { get; init; }
}
