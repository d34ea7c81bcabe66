using EchoService.ControlPlane.Connections;
using EchoService.ControlPlane.Requests;
using EchoService.Diagnostics;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Accepting;
using EchoService.Transport.Connections;
using EchoService.Transport.Udp;

namespace EchoService.ControlPlane.Stats;

/// <summary>Reads <see cref="StatsResponse"/> off the data plane, which takes no notice of it.</summary>
internal sealed class StatsReader(EchoServer server, ServiceLifecycle lifecycle, ManagementConnections management)
{
    public StatsResponse Read()
    {
        var counters = server.Counters;
        var (received, sent) = counters.ReadBytes();
        var udp = server.UdpCounters;
        return new StatsResponse(
            new InstanceStats(InstanceStats.Here, BuildInfo.Version, server.Clock.StartedAt.UtcDateTime, server.Clock.Read() / 1000.0),
            lifecycle.Phase,
            ReadListeners(),
            new ConnectionStats(
                server.Limit.Active,
                server.Limit.Peak,
                server.Limit.Limit,
                counters.Accepted,
                Enum.GetValues<CloseReason>().Where(reason => reason != CloseReason.None).ToDictionary(reason => reason, counters.Closed),
                Enum.GetValues<RejectReason>().ToDictionary(reason => reason, counters.Rejected)),
            new ByteStats(received, sent),
            new FaultStats(server.Faults.Active.Count),
            new ManagementStats(management.Active, management.Limit, management.EventStreams),
            new PoolStats(
                new EventArgsStats(server.EventArgs.Capacity, server.EventArgs.Created, server.EventArgs.InUse),
                new BufferStats(server.Buffers.BytesInUse, server.Buffers.BytesReserved)),
            new DatagramStats(udp.Received, udp.Sent, Enum.GetValues<UdpDropReason>().Sum(udp.Dropped)));
    }

    private ListenerStats[] ReadListeners()
    {
        if (server.EndPoint is not { } endPoint)
        {
            return [];
        }

        // They are opened and closed together.
        var state = server.IsListening ? ListenerState.Listening : ListenerState.Closed;
        List<ListenerStats> listeners = [new("tcp", EndPointText.Format(endPoint), state, ListenerKind.Echo)];
        if (server.BannerEndPoint is { } banner)
        {
            listeners.Add(new ListenerStats("tcp", EndPointText.Format(banner), state, ListenerKind.Banner));
        }

        if (server.Options.Udp.Enabled)
        {
            listeners.Add(new ListenerStats("udp", EndPointText.Format(endPoint), state, ListenerKind.Echo));
        }

        return [.. listeners];
    }
}
