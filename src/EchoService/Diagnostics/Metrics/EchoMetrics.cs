using System.Text.Json;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Accepting;
using EchoService.Transport.Connections;
using EchoService.Transport.Udp;
using static EchoService.Diagnostics.Metrics.MetricKind;

namespace EchoService.Diagnostics.Metrics;

/// <summary>
/// The metrics that are read when somebody collects. They cost the data plane nothing: each reads a counter that it
/// keeps anyway.
/// </summary>
/// <remarks>
/// They are read in the order in which they are declared. What is derived comes before what it derives from (sent
/// before received, closed before accepted), so that one reading never shows more ends than beginnings.
/// </remarks>
internal static class EchoMetrics
{
    public static IReadOnlyList<Metric> Declare(EchoServer server, ServiceLifecycle lifecycle) =>
        [.. OfService(lifecycle), .. OfDrain(lifecycle), .. OfConnections(server), .. OfBytes(server), .. OfUdp(server.UdpCounters)];

    private static IEnumerable<Metric> OfService(ServiceLifecycle lifecycle)
    {
        yield return new Metric(
            Gauge,
            "echo.build_info",
            null,
            "What was built, from which revision; always 1.",
            ["version", "revision"],
            [new MetricSeries([BuildInfo.Version, BuildInfo.Revision], static () => 1)]);
        yield return Each<ServicePhase>(
            Gauge,
            "echo.phase",
            null,
            "Where the service is between serving and gone: 1 for the phase it is in, else 0.",
            "phase",
            phase => phase == lifecycle.Phase ? 1 : 0);
    }

    private static IEnumerable<Metric> OfDrain(ServiceLifecycle lifecycle)
    {
        yield return Metric.One(
            Gauge,
            "echo.drain.connections_remaining",
            "{connection}",
            "Connections that the drain still waits for; 0 while serving.",
            () => lifecycle.Status.Remaining);
        yield return Metric.One(
            Gauge,
            "echo.drain.deadline_timestamp",
            "s",
            "Unix time at which the drain closes by force who is left; 0 while serving.",
            () => (lifecycle.Status.Deadline - DateTimeOffset.UnixEpoch)?.TotalSeconds ?? 0);
        yield return Some(
            Counter,
            "echo.drain.closed",
            "{connection}",
            "Connections that ended while a drain was on, by how they went.",
            "how",
            ("client", () => lifecycle.ClosedByDrains.ByClient),
            ("graceful", () => lifecycle.ClosedByDrains.Gracefully),
            ("forced", () => lifecycle.ClosedByDrains.Forced));
    }

    private static IEnumerable<Metric> OfConnections(EchoServer server)
    {
        var counters = server.Counters;
        yield return Each<CloseReason>(
            Counter, "echo.connections.closed", "{connection}", "Connections that ended, by reason.", "reason", reason => counters.Closed(reason), CloseReason.None);
        yield return Metric.One(Gauge, "echo.connections.active", "{connection}", "Connections that are open or closing.", () => server.Limit.Active);
        yield return Metric.One(Gauge, "echo.connections.peak", "{connection}", "The most connections there have been at once.", () => server.Limit.Peak);
        yield return Metric.One(Gauge, "echo.connections.limit", "{connection}", "The most connections there may be at once.", () => server.Limit.Limit);
        yield return Metric.One(Counter, "echo.connections.accepted", "{connection}", "Connections accepted and admitted.", () => counters.Accepted);
        yield return Each<RejectReason>(
            Counter, "echo.connections.rejected", "{connection}", "Sockets accepted and turned away, by reason.", "reason", reason => counters.Rejected(reason));
        yield return Each<AcceptError>(
            Counter, "echo.accept.errors", "{error}", "Accept operations that failed, by kind of error.", "error", error => counters.AcceptErrors(error));
        yield return Metric.One(
            Gauge, "echo.event_args.in_use", "{instance}", "Pooled SocketAsyncEventArgs that are lent to connections.", () => server.EventArgs.InUse);
    }

    private static IEnumerable<Metric> OfBytes(EchoServer server)
    {
        var counters = server.Counters;
        yield return Metric.One(Counter, "echo.sent", "By", "Bytes sent to TCP clients.", () => counters.ReadBytes().Sent);
        yield return Metric.One(Counter, "echo.received", "By", "Bytes received from TCP clients.", () => counters.ReadBytes().Received);
        yield return Metric.One(
            Gauge, "echo.pending_send", "By", "Bytes received and not yet taken by the kernel for the way back.", () => counters.ReadPending());
        yield return Some(
            Gauge,
            "echo.buffer",
            "By",
            "Pinned buffer memory: lent to connections, and held in all.",
            "state",
            ("in_use", () => server.Buffers.BytesInUse),
            ("reserved", () => server.Buffers.BytesReserved));
    }

    private static IEnumerable<Metric> OfUdp(UdpCounters udp)
    {
        yield return Each<UdpDropReason>(
            Counter, "echo.udp.dropped", "{datagram}", "UDP datagrams received and not echoed, by reason.", "reason", reason => udp.Dropped(reason));
        yield return Some(
            Counter, "echo.udp.datagrams", "{datagram}", "UDP datagrams received and sent back.", "direction", ("sent", () => udp.Sent), ("received", () => udp.Received));
    }

    private static Metric Some(MetricKind kind, string name, string unit, string help, string label, params (string Value, Func<double> Read)[] series) =>
        new(kind, name, unit, help, [label], Array.ConvertAll(series, one => new MetricSeries([one.Value], one.Read)));

    private static Metric Each<TEnum>(MetricKind kind, string name, string? unit, string help, string label, Func<TEnum, double> read, params TEnum[] but)
        where TEnum : struct, Enum =>
        new(kind, name, unit, help, [label], [.. Enum.GetValues<TEnum>().Except(but).Select(value =>
            new MetricSeries([JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString())], () => read(value)))]);
}
