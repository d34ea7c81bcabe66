namespace EchoService.ControlPlane.Stats;

/// <summary>The pinned buffer area.</summary>
/// <param name="BytesInUse">Bytes lent to connections, which is only to those whose clients do not keep up.</param>
/// <param name="BytesReserved">Bytes held: lent, spare, or what a thread receives into.</param>
internal sealed record BufferStats(long BytesInUse, long BytesReserved);
