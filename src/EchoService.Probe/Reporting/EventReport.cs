using EchoService.Probe.Connections;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Reporting;

internal sealed record EventReport(double AtSeconds, int Connection, ProbeEventKind Kind, string? Detail)
{
    public static EventReport From(ProbeEvent happened) => new(Clock.ToSeconds(happened.At), happened.Connection, happened.Kind, happened.Detail);
}
