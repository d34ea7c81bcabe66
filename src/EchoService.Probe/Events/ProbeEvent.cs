namespace EchoService.Probe.Events;

/// <param name="At">Nanoseconds since the run began.</param>
/// <param name="Connection">Number of the connection, from 1.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Detail">What a reader should know besides.</param>
/// <param name="Instance">Who was at the other end; null where that is not known.</param>
/// <param name="Cause">Of an explanation: the same for all that have one cause.</param>
internal sealed record ProbeEvent(long At, int Connection, ProbeEventKind Kind, string? Detail, string? Instance = null, string? Cause = null);
