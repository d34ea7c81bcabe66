using EchoService.ControlPlane.Connections;
using EchoService.Diagnostics.Metrics;
using static EchoService.Diagnostics.Metrics.MetricKind;

namespace EchoService.ControlPlane.Metrics;

/// <summary>The metrics of the management API's own connections.</summary>
internal static class ManagementMetrics
{
    public static IReadOnlyList<Metric> Declare(ManagementConnections connections) =>
    [
        Metric.One(Gauge, "echo.management.event_streams.active", "{connection}", "Readers of /events.", () => connections.EventStreams),
        Metric.One(Gauge, "echo.management.connections.active", "{connection}", "Connections to the management API.", () => connections.Active),
        Metric.One(Gauge, "echo.management.connections.limit", "{connection}", "The most connections to the management API there may be at once.", () => connections.Limit),
        Metric.One(
            Counter, "echo.management.connections.rejected", "{connection}", "Connections to the management API that gave way to another because every place was taken.", () => connections.Rejected),
    ];
}
