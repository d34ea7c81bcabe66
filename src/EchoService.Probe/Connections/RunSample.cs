namespace EchoService.Probe.Connections;

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

    public void SeeGap(long length, long began)
    {
        if (length > Gap)
        {
            (Gap, GapBegan) = (length, began);
        }
    }
}
