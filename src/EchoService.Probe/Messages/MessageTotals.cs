namespace EchoService.Probe.Messages;

/// <summary>What became of the messages. A message due ends as answered, corrupted, lost or unsent; until then it is outstanding.</summary>
internal struct MessageTotals
{
    public long Due;

    /// <summary>The whole message came back; late ones count.</summary>
    public long Answered;

    /// <summary>Of the answered: those that took longer than allowed.</summary>
    public long Late;

    /// <summary>Of the late: those that would not have been without the probe's own lag.</summary>
    public long LateLocally;

    /// <summary>The message came back, with wrong bytes in it.</summary>
    public long Corrupted;

    /// <summary>Sent, and never came back whole.</summary>
    public long Lost;

    /// <summary>Never sent, since there was no connection, or no room on it, within the timeout.</summary>
    public long Unsent;

    /// <summary>Of those never sent: the connection was missing for want of descriptors, ports or memory of the probe's machine.</summary>
    public long UnsentLocally;

    /// <summary>Sent again, because a FIN at a message boundary had left them unanswered. Not an outcome.</summary>
    public long Repeated;

    /// <summary>Of the answered: those that came after one that was sent after them; UDP only.</summary>
    public long Reordered;

    /// <summary>Datagrams that came back once more; UDP only, and not an outcome.</summary>
    public long Duplicated;

    /// <summary>Of the lost: those that did come back, after the timeout; UDP only.</summary>
    public long AfterTimeout;

    public long BytesSent;
    public long BytesReceived;
    public long BytesCorrupted;

    /// <summary>Missing from the middle of a stream whose later bytes did come back.</summary>
    public long BytesLost;

    public readonly long Outstanding => Due - Answered - Corrupted - Lost - Unsent;

    public void Add(in MessageTotals other)
    {
        Due += other.Due;
        Answered += other.Answered;
        Late += other.Late;
        LateLocally += other.LateLocally;
        Corrupted += other.Corrupted;
        Lost += other.Lost;
        Unsent += other.Unsent;
        UnsentLocally += other.UnsentLocally;
        Repeated += other.Repeated;
        Reordered += other.Reordered;
        Duplicated += other.Duplicated;
        AfterTimeout += other.AfterTimeout;
        BytesSent += other.BytesSent;
        BytesReceived += other.BytesReceived;
        BytesCorrupted += other.BytesCorrupted;
        BytesLost += other.BytesLost;
    }
}
