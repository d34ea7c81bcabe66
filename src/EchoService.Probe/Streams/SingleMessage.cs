using EchoService.Probe.Events;

namespace EchoService.Probe.Streams;

/// <summary>The one message of a fresh connection.</summary>
internal sealed class SingleMessage(long sequence) : ISentMessages
{
    public bool IsComplete { get; private set; }

    public ProbeEventKind? Fault { get; private set; }

    public int InFlight => IsComplete ? 0 : 1;

    public bool TryPeek(out long found)
    {
        found = sequence;
        return !IsComplete;
    }

    public int CopySequences(Span<long> sequences)
    {
        if (IsComplete)
        {
            return 0;
        }

        sequences[0] = sequence;
        return 1;
    }

    public void Complete(ProbeEventKind? fault) => (IsComplete, Fault) = (true, fault);
}
