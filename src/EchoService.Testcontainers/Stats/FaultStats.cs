namespace EchoService.Testcontainers;

/// <summary>Faults that were asked for.</summary>
public sealed record FaultStats
{
    /// <summary>How many are on.</summary>
    public required int Active { get; init; }
}
