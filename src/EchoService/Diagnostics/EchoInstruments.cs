using System.Diagnostics.Metrics;
using System.Text.Json;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Accepting;
using EchoService.Transport.Connections;
using EchoService.Transport.Udp;

namespace EchoService.Diagnostics;

/// <summary>
/// The instruments that are read when someone collects. They cost the data plane nothing: each reads a counter that it
/// keeps anyway. Every label set is known and reported from the start, at 0.
/// </summary>
/// <remarks>
/// Instruments are read in the order in which they are made here. What is derived is made before what it derives from
/// (sent before received, closed before accepted), so that one collection never shows more ends than beginnings.
/// </remarks>
internal sealed class EchoInstruments
{
    public EchoInstruments(EchoMetrics metrics, EchoServer server, ServiceLifecycle lifecycle)
    {
        var meter = metrics.Meter;
        AddService(meter, lifecycle);
        AddConnections(meter, server);
        AddBytes(meter, server);
        AddDrain(meter, lifecycle);
        AddUdp(meter, server.UdpCounters);
    }

    private static void AddService(Meter meter, ServiceLifecycle lifecycle)
    {
        KeyValuePair<string, object?>[] build = [new("version", BuildInfo.Version), new("revision", BuildInfo.Revision)];
        meter.CreateObservableGauge("echo.build_info", () => new Measurement<int>(1, build), null, "What was built, from which revision; always 1.");
        var phases = Series<ServicePhase>("phase");
        meter.CreateObservableGauge(
            "echo.phase", () => ReadEach(phases, Is(lifecycle.Phase)), null, "Where the service is between serving and gone: 1 for the phase it is in, else 0.");

        static Func<ServicePhase, long> Is(ServicePhase current) => phase => phase == current ? 1 : 0;
    }

    private static void AddConnections(Meter meter, EchoServer server)
    {
        var counters = server.Counters;
        var closeReasons = Series(Enum.GetValues<CloseReason>().Where(reason => reason != CloseReason.None), "reason");
        meter.CreateObservableCounter(
            "echo.connections.closed", () => ReadEach(closeReasons, counters.Closed), "{connection}", "Connections that ended, by reason.");
        meter.CreateObservableUpDownCounter(
            "echo.connections.active", () => server.Limit.Active, "{connection}", "Connections that are open or closing.");
        meter.CreateObservableGauge(
            "echo.connections.peak", () => server.Limit.Peak, "{connection}", "The most connections there have been at once.");
        meter.CreateObservableGauge(
            "echo.connections.limit", () => server.Limit.Limit, "{connection}", "The most connections there may be at once.");
        meter.CreateObservableCounter(
            "echo.connections.accepted", () => counters.Accepted, "{connection}", "Connections accepted and admitted.");
        var rejectReasons = Series<RejectReason>("reason");
        meter.CreateObservableCounter(
            "echo.connections.rejected", () => ReadEach(rejectReasons, counters.Rejected), "{connection}", "Sockets accepted and turned away, by reason.");
        var acceptErrors = Series<AcceptError>("error");
        meter.CreateObservableCounter(
            "echo.accept.errors", () => ReadEach(acceptErrors, counters.AcceptErrors), "{error}", "Accept operations that failed, by kind of error.");
        meter.CreateObservableUpDownCounter(
            "echo.event_args.in_use", () => server.EventArgs.InUse, "{instance}", "Pooled SocketAsyncEventArgs that are lent to connections.");
    }

    private static void AddBytes(Meter meter, EchoServer server)
    {
        var counters = server.Counters;
        meter.CreateObservableCounter("echo.sent", () => counters.ReadBytes().Sent, "By", "Bytes sent to TCP clients.");
        meter.CreateObservableCounter("echo.received", () => counters.ReadBytes().Received, "By", "Bytes received from TCP clients.");
        meter.CreateObservableUpDownCounter(
            "echo.pending_send", counters.ReadPending, "By", "Bytes received and not yet taken by the kernel for the way back.");
        KeyValuePair<string, object?> inUse = new("state", "in_use");
        KeyValuePair<string, object?> reserved = new("state", "reserved");
        meter.CreateObservableUpDownCounter(
            "echo.buffer",
            () => new Measurement<long>[] { new(server.Buffers.BytesInUse, inUse), new(server.Buffers.BytesReserved, reserved) },
            "By",
            "Pinned buffer memory: lent to connections, and held in all.");
    }

    private static void AddDrain(Meter meter, ServiceLifecycle lifecycle)
    {
        meter.CreateObservableUpDownCounter(
            "echo.drain.connections_remaining", () => lifecycle.Status.Remaining, "{connection}", "Connections that the drain still waits for; 0 while serving.");
        meter.CreateObservableGauge(
            "echo.drain.deadline_timestamp",
            () => (lifecycle.Status.Deadline - DateTimeOffset.UnixEpoch)?.TotalSeconds ?? 0,
            "s",
            "Unix time at which the drain closes by force who is left; 0 while serving.");
        KeyValuePair<string, object?> client = new("how", "client");
        KeyValuePair<string, object?> graceful = new("how", "graceful");
        KeyValuePair<string, object?> forced = new("how", "forced");
        meter.CreateObservableCounter(
            "echo.drain.closed",
            () =>
            {
                var closed = lifecycle.ClosedByDrains;
                return new Measurement<long>[] { new(closed.ByClient, client), new(closed.Gracefully, graceful), new(closed.Forced, forced) };
            },
            "{connection}",
            "Connections that ended while a drain was on, by whose doing.");
    }

    private static void AddUdp(Meter meter, UdpCounters udp)
    {
        KeyValuePair<string, object?> received = new("direction", "received");
        KeyValuePair<string, object?> sent = new("direction", "sent");
        meter.CreateObservableCounter(
            "echo.udp.datagrams",
            () =>
            {
                var sentNow = udp.Sent;
                return new Measurement<long>[] { new(udp.Received, received), new(sentNow, sent) };
            },
            "{datagram}",
            "UDP datagrams received and sent back.");
        var dropReasons = Series<UdpDropReason>("reason");
        meter.CreateObservableCounter(
            "echo.udp.dropped", () => ReadEach(dropReasons, udp.Dropped), "{datagram}", "UDP datagrams received and not echoed, by reason.");
    }

    private static (TEnum Value, KeyValuePair<string, object?> Tag)[] Series<TEnum>(string label)
        where TEnum : struct, Enum => Series(Enum.GetValues<TEnum>(), label);

    private static (TEnum Value, KeyValuePair<string, object?> Tag)[] Series<TEnum>(IEnumerable<TEnum> values, string label)
        where TEnum : struct, Enum =>
        [.. values.Select(value => (value, KeyValuePair.Create(label, (object?)JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()))))];

    private static Measurement<long>[] ReadEach<TEnum>((TEnum Value, KeyValuePair<string, object?> Tag)[] series, Func<TEnum, long> read) =>
        Array.ConvertAll(series, one => new Measurement<long>(read(one.Value), one.Tag));
}
