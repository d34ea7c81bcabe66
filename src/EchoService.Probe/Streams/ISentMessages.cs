using EchoService.Probe.Events;

namespace EchoService.Probe.Streams;

/// <summary>What a <see cref="StreamVerifier"/> holds a stream against: the messages that were sent and not yet accounted for, oldest first.</summary>
internal interface ISentMessages
{
    public int InFlight { get; }

    /// <summary>The sequence number of the oldest.</summary>
    public bool TryPeek(out long sequence);

    /// <summary>Writes the sequence numbers of the oldest, as many as fit or are there; returns how many.</summary>
    public int CopySequences(Span<long> sequences);

    /// <summary>The oldest is accounted for to its last byte.</summary>
    /// <param name="fault">What was wrong with it; null: it came back as it was sent.</param>
    public void Complete(ProbeEventKind? fault);
}
