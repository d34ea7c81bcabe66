using EchoService.Lifecycle;

namespace EchoService.ControlPlane.Banner;

/// <summary>The line that a connection to <c>Echo:BannerPort</c> begins with.</summary>
/// <param name="Service">Always echoservice.</param>
/// <param name="Version">The service's version.</param>
/// <param name="Instance">The host's or pod's name.</param>
/// <param name="Connection">The client's id in <c>/clients</c>.</param>
/// <param name="Phase">Where the service was when the client was accepted.</param>
/// <param name="Management">Where the management API is, <c>Management:PublicUrl</c>; null where that says nothing.</param>
internal sealed record BannerLine(string Service, string Version, string Instance, long Connection, ServicePhase Phase, string? Management);
