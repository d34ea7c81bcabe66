namespace EchoService.Testcontainers;

/// <summary>The pinned buffer area.</summary>
public sealed record BufferStats
{
    /// <summary>Bytes lent to connections, which is only to those whose clients do not keep up.</summary>
    public required long BytesInUse { get; init; }

    /// <summary>Bytes held: lent, spare, or what a thread receives into.</summary>
    public required long BytesReserved { get; init; }
}
