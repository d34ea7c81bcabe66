namespace EchoService.Probe.Connections;

/// <summary>What became of the messages. A message due ends as answered, corrupted, lost or unsent; until then it is outstanding.</summary>
internal struct MessageTotals
{
    public long Due;

    /// <summary>The whole message came back; late ones count.</summary>
    public long Answered;

    /// <summary>Of the answered: those that took longer than allowed.</summary>
    public long Late;

    /// <summary>The message came back, with wrong bytes in it.</summary>
    public long Corrupted;

    /// <summary>Sent, and never came back whole.</summary>
    public long Lost;

    /// <summary>Never sent, since there was no connection, or no room on it, within the timeout.</summary>
    public long Unsent;

    /// <summary>Sent again, because a FIN at a message boundary had left them unanswered. Not an outcome.</summary>
    public long Repeated;

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
        Corrupted += other.Corrupted;
        Lost += other.Lost;
        Unsent += other.Unsent;
        Repeated += other.Repeated;
        BytesSent += other.BytesSent;
        BytesReceived += other.BytesReceived;
        BytesCorrupted += other.BytesCorrupted;
        BytesLost += other.BytesLost;
    }
}
