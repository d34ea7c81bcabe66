namespace EchoService.ControlPlane.Stats;

/// <summary>Bytes over TCP.</summary>
/// <param name="Received">Received from clients.</param>
/// <param name="Sent">Sent back.</param>
internal sealed record ByteStats(long Received, long Sent);
