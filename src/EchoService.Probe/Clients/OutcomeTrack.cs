using EchoService.Probe.Events;

namespace EchoService.Probe.Clients;

/// <summary>When the outcome that is expected of new connections was first seen, and whether another came after it.</summary>
/// <remarks>Goes by when a connection began, for the outcomes come out of order: an answer at once, a timeout after the timeout. Guarded by its owner.</remarks>
internal sealed class OutcomeTrack(Func<ProbeEventKind?, bool> isExpected)
{
    /// <summary>When the first connection with the expected outcome began; null: there was none.</summary>
    public long? FirstAt { get; private set; }

    /// <summary>When the last connection with another outcome began; null: there was none.</summary>
    public long? LastContraryAt { get; private set; }

    /// <param name="beganAt">When the connection began.</param>
    /// <param name="outcome">How it failed; null: it was answered.</param>
    public void Saw(long beganAt, ProbeEventKind? outcome)
    {
        if (isExpected(outcome))
        {
            FirstAt = FirstAt is { } first ? Math.Min(first, beganAt) : beganAt;
        }
        else
        {
            LastContraryAt = Math.Max(LastContraryAt ?? 0, beganAt);
        }
    }
}
