using EchoService.Probe.Events;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Reporting;

internal sealed record EventReport(double AtSeconds, int Connection, ProbeEventKind Kind, string? Instance, string? Detail)
{
    public static EventReport From(ProbeEvent happened) => new(Clock.ToSeconds(happened.At), happened.Connection, happened.Kind, happened.Instance, happened.Detail);
}
