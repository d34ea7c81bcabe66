using EchoService.Probe.Events;

namespace EchoService.Probe.Reporting;

/// <param name="Option">As it was given, <c>--max-lost</c>.</param>
/// <param name="Kind">The cause that it is about.</param>
/// <param name="Limit">As it was given: a number, a share or a duration.</param>
/// <param name="Measured">In the limit's own unit: a count, percent, or seconds.</param>
/// <param name="Holds">Whether that is within the limit.</param>
internal sealed record ThresholdReport(string Option, ProbeEventKind Kind, string Limit, double Measured, bool Holds);
