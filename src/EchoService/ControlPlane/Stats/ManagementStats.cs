namespace EchoService.ControlPlane.Stats;

/// <summary>Clients of this API.</summary>
/// <param name="Connections">Connected now.</param>
/// <param name="Limit">The most that may be at once; beyond it the one that was not in use for longest gives way.</param>
/// <param name="EventStreams">Readers of <c>/events</c> now.</param>
internal sealed record ManagementStats(int Connections, int Limit, int EventStreams);
