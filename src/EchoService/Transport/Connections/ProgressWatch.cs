namespace EchoService.Transport.Connections;

/// <summary>
/// What the sweep remembers of a connection between two looks: what had moved, and when it saw that. It trusts no time
/// stamp of the loop, whose clock stands still while the process is away.
/// </summary>
/// <remarks>A mutable structure: a field of its connection, used by the sweep alone. Times are milliseconds of the server's clock.</remarks>
internal struct ProgressWatch()
{
    /// <summary>A time that has not come.</summary>
    public const long Never = -1;

    private long _bytesMoved = Never;
    private bool _isClosing;
    private long _discarded;
    private ulong _acknowledged;

    /// <summary>The first look: when the connection's time begins.</summary>
    public long FirstSeenAt { get; private set; } = Never;

    /// <summary>When something was last seen to have moved.</summary>
    public long MovedAt { get; private set; }

    /// <summary>When the peer was first seen to have acknowledged our FIN, and with it every byte before it.</summary>
    public long FinAcknowledgedAt { get; private set; } = Never;

    /// <summary>Whether the peer has gone on sending after our FIN, between the last two looks.</summary>
    public bool PeerGoesOn { get; private set; }

    /// <summary>Takes in what the loop has moved.</summary>
    /// <param name="bytesMoved">Bytes received and sent so far.</param>
    /// <param name="discarded">Bytes discarded so far.</param>
    /// <param name="isClosing">Whether a graceful close is under way, for which time begins anew.</param>
    /// <param name="now">The time of this look.</param>
    public void Look(long bytesMoved, long discarded, bool isClosing, long now)
    {
        if (FirstSeenAt == Never)
        {
            FirstSeenAt = now;
        }

        if (bytesMoved != _bytesMoved || isClosing != _isClosing)
        {
            _bytesMoved = bytesMoved;
            _isClosing = isClosing;
            MovedAt = now;
        }

        PeerGoesOn = discarded != _discarded;
        _discarded = discarded;
    }

    /// <summary>Time begins anew, though nothing has moved.</summary>
    public void Restart(long now) => MovedAt = now;

    /// <summary>Takes in what the kernel says of bytes that it has taken from us already.</summary>
    public void LookAtKernel(TcpInfo info, bool finIsOut, long now)
    {
        if (info.BytesAcknowledged != _acknowledged)
        {
            _acknowledged = info.BytesAcknowledged;
            MovedAt = now;
        }

        if (finIsOut && FinAcknowledgedAt == Never && info.IsFinAcknowledged)
        {
            FinAcknowledgedAt = now;
        }
    }
}
