namespace EchoService.Probe.Reporting;

/// <summary>
/// <c>due = answered + corrupted + lost + unsent</c>; late is part of answered, and repeated is no outcome. What is
/// locally late or unsent is part of late or unsent, and the fault of the probe's own machine. Over UDP reordered is part
/// of answered and after the timeout part of lost; duplicated is no outcome.
/// </summary>
internal sealed record MessagesReport(
    long Due,
    long Answered,
    long Late,
    long LateLocally,
    long Corrupted,
    long Lost,
    long Unsent,
    long UnsentLocally,
    long Repeated,
    long Reordered,
    long Duplicated,
    long AfterTimeout);
