using EchoService.Lifecycle;

namespace EchoService.ControlPlane.Stats;

/// <summary>The service in figures. Counters are cumulative since the start.</summary>
/// <param name="Instance">Which process this is.</param>
/// <param name="Phase">Where it is between serving and gone.</param>
/// <param name="Listeners">What it listens on.</param>
/// <param name="Connections">TCP connections.</param>
/// <param name="Bytes">Bytes over TCP.</param>
/// <param name="Faults">Faults that were asked for.</param>
/// <param name="Management">Clients of this API.</param>
/// <param name="Pools">What is kept for reuse.</param>
/// <param name="Udp">Datagrams.</param>
internal sealed record StatsResponse(
    InstanceStats Instance,
    ServicePhase Phase,
    IReadOnlyList<ListenerStats> Listeners,
    ConnectionStats Connections,
    ByteStats Bytes,
    FaultStats Faults,
    ManagementStats Management,
    PoolStats Pools,
    DatagramStats Udp);
