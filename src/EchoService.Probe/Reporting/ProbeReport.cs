namespace EchoService.Probe.Reporting;

/// <summary>The outcome of a run: what <c>--json</c> prints and the tables show. docs/probe.schema.json describes it.</summary>
internal sealed record ProbeReport
{
    /// <summary>Raised when a field is removed or changes its meaning; new fields may come without.</summary>
    public int SchemaVersion { get; init; } = 1;

    public required string Version { get; init; }
    public required ProbeMode Command { get; init; }
    public required string Target { get; init; }
    public required DateTime StartedAt { get; init; }

    /// <summary>How long messages were sent.</summary>
    public required double DurationSeconds { get; init; }

    /// <summary>The run was ended by a signal before its time.</summary>
    public required bool Interrupted { get; init; }

    public required OptionsReport Options { get; init; }
    public required VerdictReport Verdict { get; init; }
    public required MessagesReport Messages { get; init; }
    public required BytesReport Bytes { get; init; }
    public required ConnectionsReport Connections { get; init; }
    public required ThroughputReport Throughput { get; init; }
    public required LatencyReport Latency { get; init; }
    public required LatencyReport ConnectTime { get; init; }
    public required GapReport LongestGap { get; init; }

    /// <summary>How late the probe itself was at worst; part of the latencies. Always 0 for load, which has no schedule.</summary>
    public required double ProbeLagSeconds { get; init; }

    public required IReadOnlyList<EventReport> Events { get; init; }

    /// <summary>Events that were counted and are not in <see cref="Events"/>.</summary>
    public required long EventsDropped { get; init; }

    public required IReadOnlyList<TimelineReport> Timeline { get; init; }
}
