using EchoService.Lifecycle;

namespace EchoService.ControlPlane.Events;

/// <summary>A change of phase.</summary>
/// <param name="Phase">Where the service is.</param>
/// <param name="Previous">Where it was.</param>
internal sealed record PhaseEvent(ServicePhase Phase, ServicePhase Previous);
