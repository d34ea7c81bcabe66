using EchoService.Probe.Events;

namespace EchoService.Probe.Reporting;

/// <param name="Instance">Which instance.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Cause">Why.</param>
/// <param name="Count">How often.</param>
/// <param name="First">The first of them in a sentence.</param>
internal sealed record ExplanationReport(string Instance, ProbeEventKind Kind, string Cause, long Count, string First);
