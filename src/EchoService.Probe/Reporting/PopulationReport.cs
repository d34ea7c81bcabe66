namespace EchoService.Probe.Reporting;

/// <summary>One population at one target.</summary>
internal sealed record PopulationReport
{
    public VerdictReport Verdict { get; init; } = VerdictReport.None;
    public required MessagesReport Messages { get; init; }
    public required BytesReport Bytes { get; init; }
    public required ConnectionsReport Connections { get; init; }
    public required ThroughputReport Throughput { get; init; }
    public required LatencyReport Latency { get; init; }
    public required LatencyReport ConnectTime { get; init; }
    public required GapReport LongestGap { get; init; }

    /// <summary>The limits that were given, and what was measured.</summary>
    public IReadOnlyList<ThresholdReport> Thresholds { get; init; } = [];

    /// <summary>What was to be proved, and whether it was; null where nothing was.</summary>
    public required ExpectationReport? Expectation { get; init; }

    /// <summary>Who answered, with <c>--banner</c>; empty without.</summary>
    public required IReadOnlyList<InstanceReport> Instances { get; init; }

    /// <summary>Why things happened, by cause, with <c>--explain</c>; empty without.</summary>
    public required IReadOnlyList<ExplanationReport> Explanations { get; init; }

    public required IReadOnlyList<EventReport> Events { get; init; }

    /// <summary>Events that were counted and are not in <see cref="Events"/>.</summary>
    public required long EventsDropped { get; init; }

    public required IReadOnlyList<TimelineReport> Timeline { get; init; }
}
