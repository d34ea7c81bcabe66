namespace EchoService.ControlPlane.Stats;

/// <summary>The pinned buffer area.</summary>
/// <param name="BytesInUse">Bytes lent to connections.</param>
/// <param name="BytesReserved">Bytes held, lent or spare.</param>
internal sealed record BufferStats(long BytesInUse, long BytesReserved);
