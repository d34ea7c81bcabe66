namespace EchoService.Testcontainers;

/// <summary>An answer to a probe.</summary>
public sealed record Health
{
    /// <summary>Yes or no, as the status code says.</summary>
    public required HealthStatus Status { get; init; }

    /// <summary>Where the service is.</summary>
    public required ServicePhase Phase { get; init; }

    /// <summary>Why not; null where nothing is to be said.</summary>
    public required string? Reason { get; init; }
}
