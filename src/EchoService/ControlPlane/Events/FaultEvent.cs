using EchoService.ControlPlane.Faults;
using EchoService.Transport.Faults;

namespace EchoService.ControlPlane.Events;

/// <summary>A fault has begun or ended.</summary>
/// <param name="Ended">Why it is over; null: it has begun.</param>
/// <param name="Fault">The fault as it was then.</param>
internal sealed record FaultEvent(FaultEnd? Ended, FaultResponse Fault);
