namespace EchoService.ControlPlane.Stats;

/// <summary>What is kept for reuse.</summary>
/// <param name="EventArgs">SocketAsyncEventArgs, one per connection.</param>
/// <param name="Buffers">The pinned buffer area.</param>
internal sealed record PoolStats(EventArgsStats EventArgs, BufferStats Buffers);
