namespace EchoService.Probe.Instances;

/// <summary>The other end of a connection.</summary>
/// <param name="Instance">Who it is.</param>
/// <param name="Connection">What it calls the connection.</param>
internal sealed record Peer(Instance Instance, long Connection);
