namespace EchoService.Testcontainers;

/// <summary>Datagrams over UDP.</summary>
public sealed record DatagramStats
{
    /// <summary>Received from clients.</summary>
    public required long Received { get; init; }

    /// <summary>Sent back.</summary>
    public required long Sent { get; init; }

    /// <summary>Not sent back.</summary>
    public required long Dropped { get; init; }
}
