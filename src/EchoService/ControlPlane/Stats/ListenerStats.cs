using EchoService.Transport.Accepting;

namespace EchoService.ControlPlane.Stats;

/// <summary>What the data plane listens on.</summary>
/// <param name="Protocol">tcp or udp.</param>
/// <param name="Endpoint">Address and port.</param>
/// <param name="State">Whether clients can connect.</param>
/// <param name="Listener">Whether it echoes from the first byte on, or sends a banner first.</param>
internal sealed record ListenerStats(string Protocol, string Endpoint, ListenerState State, ListenerKind Listener);
