using EchoService.Probe.Events;
using EchoService.Probe.Streams;

namespace EchoService.Probe.Clients;

/// <summary>What became of the one message of a fresh client.</summary>
/// <param name="IsComplete">It came back, right or wrong.</param>
/// <param name="Fault">What was wrong with it; null: nothing.</param>
/// <param name="End">How the exchange ended before the message had come back; null: it came back, or the run is over.</param>
/// <param name="Partial">Bytes of it that had come back.</param>
/// <param name="Findings">What was wrong with the bytes.</param>
internal readonly record struct ExchangeResult(bool IsComplete, ProbeEventKind? Fault, ProbeEventKind? End, int Partial, StreamFindings Findings);
