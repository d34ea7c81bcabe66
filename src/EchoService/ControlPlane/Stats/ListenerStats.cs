namespace EchoService.ControlPlane.Stats;

/// <summary>What the data plane listens on.</summary>
/// <param name="Protocol">tcp or udp.</param>
/// <param name="Endpoint">Address and port.</param>
/// <param name="State">Whether clients can connect.</param>
internal sealed record ListenerStats(string Protocol, string Endpoint, ListenerState State);
