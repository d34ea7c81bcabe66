using EchoService.Probe.Events;
using EchoService.Probe.Instances;

namespace EchoService.Probe.Explaining;

/// <summary>Something that happened to a connection, and that its instance may know the reason of.</summary>
/// <param name="Log">Takes the answer.</param>
/// <param name="Peer">Whom to ask, and about what.</param>
/// <param name="Client">Number of the client.</param>
/// <param name="Kind">What happened.</param>
/// <param name="At">When, in nanoseconds.</param>
internal sealed record Question(ExplanationLog Log, Peer Peer, int Client, ProbeEventKind Kind, long At);
