namespace EchoService.Testcontainers;

/// <summary>A drain at one moment: initial = remaining + closedByClient + closedGracefully + closedForced.</summary>
public sealed record DrainStatus
{
    /// <summary>Where the service is.</summary>
    public required ServicePhase Phase { get; init; }

    /// <summary>Who asked for the drain; null while serving.</summary>
    public required DrainTrigger? Trigger { get; init; }

    /// <summary>When lame duck began; null while serving.</summary>
    public required DateTimeOffset? StartedAt { get; init; }

    /// <summary>When those left are closed by force; null while serving.</summary>
    public required DateTimeOffset? Deadline { get; init; }

    /// <summary>Connections open at the start, and those accepted since, while lame duck.</summary>
    public required long Initial { get; init; }

    /// <summary>Connections that have not gone.</summary>
    public required long Remaining { get; init; }

    /// <summary>Those whose client left by itself.</summary>
    public required long ClosedByClient { get; init; }

    /// <summary>Those that were sent FIN after their last echo.</summary>
    public required long ClosedGracefully { get; init; }

    /// <summary>Those that were cut off.</summary>
    public required long ClosedForced { get; init; }

    /// <summary>Bytes received and not handed to the kernel for the way back, of connections that ended during the drain, whoever asked.</summary>
    public required long BytesUnsent { get; init; }
}
