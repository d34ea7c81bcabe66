using System.Text.Json;
using EchoService.Transport.Faults;
using static EchoService.Diagnostics.Metrics.MetricKind;

namespace EchoService.Diagnostics.Metrics;

/// <summary>The metrics of faults that were asked for.</summary>
internal static class FaultMetrics
{
    public static IReadOnlyList<Metric> Declare(FaultTable faults) =>
    [
        Each(Gauge, "echo.faults.active", "{fault}", "Faults that are on, by kind.", kind => faults.Active.Count(fault => fault.Kind == kind)),
        Each(Counter, "echo.fault.connections", "{connection}", "Connections that faults have taken hold of, or datagrams, by kind.", kind => faults.Counters.Connections(kind)),
        Each(Counter, "echo.fault", "By", "Bytes that faults have altered, held back or kept from being sent, by kind.", kind => faults.Counters.Bytes(kind)),
    ];

    private static Metric Each(MetricKind kind, string name, string unit, string help, Func<FaultKind, double> read) =>
        new(kind, name, unit, help, ["kind"], [.. FaultKinds.All.Select(fault =>
            new MetricSeries([JsonNamingPolicy.SnakeCaseLower.ConvertName(fault.ToString())], () => read(fault)))]);
}
