namespace EchoService.Testcontainers;

/// <summary>The pinned buffer area.</summary>
public sealed record BufferStats
{
    /// <summary>Bytes lent to connections.</summary>
    public required long BytesInUse { get; init; }

    /// <summary>Bytes held, lent or spare.</summary>
    public required long BytesReserved { get; init; }
}
