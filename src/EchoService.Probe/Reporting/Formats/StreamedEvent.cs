using EchoService.Probe.Clients;
using EchoService.Probe.Events;

namespace EchoService.Probe.Reporting.Formats;

/// <summary>A line of <c>--events</c>.</summary>
/// <param name="At">UTC.</param>
/// <param name="AtSeconds">From the start of the run.</param>
/// <param name="Target">HOST:PORT, or udp://HOST:PORT.</param>
/// <param name="Population">Held or new.</param>
/// <param name="Connection">Number of the connection in its population, from 1.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Instance">Who was at the other end; null where that is not known.</param>
/// <param name="Detail">What a reader should know besides.</param>
internal sealed record StreamedEvent(DateTime At, double AtSeconds, string Target, Population Population, int Connection, ProbeEventKind Kind, string? Instance, string? Detail);
