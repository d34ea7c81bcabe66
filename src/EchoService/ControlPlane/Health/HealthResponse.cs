using EchoService.Lifecycle;

namespace EchoService.ControlPlane.Health;

/// <summary>An answer to a probe.</summary>
/// <param name="Status">Yes or no, as the status code says.</param>
/// <param name="Phase">Where the service is.</param>
/// <param name="Reason">Why not; null where nothing is to be said.</param>
internal sealed record HealthResponse(HealthStatus Status, ServicePhase Phase, string? Reason);
