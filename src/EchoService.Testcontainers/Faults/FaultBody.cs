namespace EchoService.Testcontainers;

/// <summary>A fault as the API takes it.</summary>
internal sealed record FaultBody
{
    public required FaultKind Kind { get; init; }

    public required double DurationSeconds { get; init; }

    public double? Milliseconds { get; init; }

    public double? JitterMilliseconds { get; init; }

    public long? BytesPerSecond { get; init; }

    public long? Bytes { get; init; }

    public double? EveryMilliseconds { get; init; }

    public long? AfterBytes { get; init; }

    public double? AfterSeconds { get; init; }

    public long? EveryBytes { get; init; }

    public FaultScope? Connections { get; init; }

    public string? Remote { get; init; }

    public double? Percent { get; init; }

    public long? Seed { get; init; }
}
