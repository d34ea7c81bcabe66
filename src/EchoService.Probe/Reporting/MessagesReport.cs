namespace EchoService.Probe.Reporting;

/// <summary><c>due = answered + corrupted + lost + unsent</c>; late is part of answered, and repeated is no outcome.</summary>
internal sealed record MessagesReport(long Due, long Answered, long Late, long Corrupted, long Lost, long Unsent, long Repeated);
