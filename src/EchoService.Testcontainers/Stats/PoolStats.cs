namespace EchoService.Testcontainers;

/// <summary>What is kept for reuse.</summary>
public sealed record PoolStats
{
    /// <summary>SocketAsyncEventArgs, one per connection.</summary>
    public required EventArgsStats EventArgs { get; init; }

    /// <summary>The pinned buffer area.</summary>
    public required BufferStats Buffers { get; init; }
}
