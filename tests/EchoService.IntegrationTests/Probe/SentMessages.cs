using EchoService.Probe.Events;
using EchoService.Probe.Streams;

namespace EchoService.IntegrationTests.Probe;

/// <summary>So many messages that were sent, and what became of each.</summary>
internal sealed class SentMessages(int count) : ISentMessages
{
    private readonly Queue<long> _inFlight = new(Enumerable.Range(0, count).Select(i => (long)i));

    public List<ProbeEventKind?> Outcomes { get; } = [];

    public int InFlight => _inFlight.Count;

    public bool TryPeek(out long sequence) => _inFlight.TryPeek(out sequence);

    public int CopySequences(Span<long> sequences)
    {
        var count = Math.Min(sequences.Length, _inFlight.Count);
        _inFlight.Take(count).ToArray().CopyTo(sequences);
        return count;
    }

    public void Complete(ProbeEventKind? fault)
    {
        _inFlight.Dequeue();
        Outcomes.Add(fault);
    }
}
