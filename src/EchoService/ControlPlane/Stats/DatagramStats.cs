namespace EchoService.ControlPlane.Stats;

/// <summary>Datagrams over UDP.</summary>
/// <param name="Received">Received from clients.</param>
/// <param name="Sent">Sent back.</param>
/// <param name="Dropped">Not sent back.</param>
internal sealed record DatagramStats(long Received, long Sent, long Dropped);
