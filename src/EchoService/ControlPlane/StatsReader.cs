using EchoService.ControlPlane.Contracts;
using EchoService.Diagnostics;
using EchoService.Lifecycle;
using EchoService.Transport;

namespace EchoService.ControlPlane;

/// <summary>Reads <see cref="StatsResponse"/> off the data plane, which takes no notice of it.</summary>
internal sealed class StatsReader(EchoServer server, UdpCounters udp, ServiceLifecycle lifecycle)
{
    private static readonly string Name = Environment.MachineName;

    public StatsResponse Read()
    {
        var counters = server.Counters;
        var (received, sent) = counters.ReadBytes();
        return new StatsResponse(
            new InstanceStats(Name, BuildInfo.Version, server.Clock.StartedAt.UtcDateTime, server.Clock.Update() / 1000.0),
            lifecycle.Phase,
            server.EndPoint is { } endPoint
                ? [new ListenerStats("tcp", EndPointText.Format(endPoint), server.IsListening ? ListenerState.Listening : ListenerState.Closed)]
                : [],
            new ConnectionStats(
                server.Limit.Active,
                server.Limit.Peak,
                server.Limit.Limit,
                counters.Accepted,
                Enum.GetValues<CloseReason>().Where(reason => reason != CloseReason.None).ToDictionary(reason => reason, counters.Closed),
                Enum.GetValues<RejectReason>().ToDictionary(reason => reason, counters.Rejected)),
            new ByteStats(received, sent),
            new PoolStats(
                new EventArgsStats(server.EventArgs.Capacity, server.EventArgs.Created, server.EventArgs.InUse),
                new BufferStats(server.Buffers.BytesInUse, server.Buffers.BytesReserved)),
            new DatagramStats(udp.Received, udp.Sent, Enum.GetValues<UdpDropReason>().Sum(udp.Dropped)));
    }
}
