namespace EchoService.ControlPlane.Stats;

/// <summary>Faults that were asked for.</summary>
/// <param name="Active">How many are on.</param>
internal sealed record FaultStats(int Active);
