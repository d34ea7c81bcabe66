namespace EchoService.Testcontainers;

/// <summary>Bytes over TCP.</summary>
public sealed record ByteStats
{
    /// <summary>Received from clients.</summary>
    public required long Received { get; init; }

    /// <summary>Sent back.</summary>
    public required long Sent { get; init; }
}
