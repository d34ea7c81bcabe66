using EchoService.Probe.Messages;

namespace EchoService.Probe.Clients;

/// <summary>The lanes of a run summed up at one moment; instants and durations in nanoseconds.</summary>
internal sealed class RunSample
{
    public MessageTotals Messages;

    /// <summary>Connections made.</summary>
    public long Connects { get; set; }

    /// <summary>Connections made in place of one that had ended.</summary>
    public long Reconnects { get; set; }

    /// <summary>Lanes that have had a connection.</summary>
    public int EverConnected { get; set; }

    /// <summary>Lanes that have one now.</summary>
    public int Open { get; set; }

    /// <summary>The longest latency since the last sample.</summary>
    public long Worst { get; set; }

    /// <summary>The longest that a client has waited for an answer that was due.</summary>
    public long Gap { get; private set; }

    public long GapBegan { get; private set; }

    /// <summary>Lanes whose first connection ended.</summary>
    public int Cut { get; private set; }

    /// <summary>Of those, the ones that were answered again on another.</summary>
    public int CutAndBack { get; private set; }

    /// <summary>When the last of the first connections ended; 0: none has.</summary>
    public long LastCutAt { get; private set; }

    /// <summary>When the first answer came; 0: none has.</summary>
    public long FirstAnswerAt { get; private set; }

    public long LastAnswerAt { get; private set; }

    /// <summary>Adds the history of one lane; 0 for what has not happened.</summary>
    public void SeeLane(long firstAnswerAt, long lastAnswerAt, long firstEndAt)
    {
        Cut += firstEndAt != 0 ? 1 : 0;
        CutAndBack += firstEndAt != 0 && lastAnswerAt > firstEndAt ? 1 : 0;
        LastCutAt = Math.Max(LastCutAt, firstEndAt);
        LastAnswerAt = Math.Max(LastAnswerAt, lastAnswerAt);
        if (firstAnswerAt != 0 && (FirstAnswerAt == 0 || firstAnswerAt < FirstAnswerAt))
        {
            FirstAnswerAt = firstAnswerAt;
        }
    }

    public void SeeGap(long length, long began)
    {
        if (length > Gap)
        {
            (Gap, GapBegan) = (length, began);
        }
    }
}
