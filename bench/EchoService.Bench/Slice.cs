namespace EchoService.Bench;

/// <summary>One measured window of one peer. What a workload does not measure stays null.</summary>
internal sealed record Slice
{
    /// <summary>Set when the server failed; then nothing else is.</summary>
    public string? Error { get; init; }

    /// <summary>Units per second; see <see cref="Workload.Unit"/>.</summary>
    public double? Rate { get; init; }

    /// <summary>Messages per second that were due, where the load does not wait for answers.</summary>
    public double? OfferedRate { get; init; }

    /// <summary>Server CPU time (user + system) per unit, in microseconds.</summary>
    public double? CpuMicros { get; init; }

    public double? P50Micros { get; init; }

    public double? P99Micros { get; init; }

    /// <summary>MiB per second that came back on the firehose connection.</summary>
    public double? FirehoseMiB { get; init; }

    /// <summary>CPU seconds per second.</summary>
    public double? ServerBusy { get; init; }

    /// <summary>CPU seconds per second; near 1 it is the load generator that bounds the rate.</summary>
    public double? LoadBusy { get; init; }

    public double? BytesPerConnection { get; init; }

    public double? ResidentBytes { get; init; }

    /// <summary>Managed heap bytes allocated per message, once connections stand.</summary>
    public double? AllocatedPerMessage { get; init; }

    public double? Messages { get; init; }
}
