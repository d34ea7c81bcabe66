namespace EchoService.Transport.Faults.Holds;

/// <summary>
/// What one fault does to one connection: a kind is what it overrides. Bytes pass the holds of a connection in the
/// order in which the faults came; what leaves, leaves as soon as every one of them lets it.
/// </summary>
/// <remarks>Called with the lock of the connection's <see cref="Detour"/> held. Times are those of the <see cref="Pacer"/>.</remarks>
internal abstract class Hold(Fault fault)
{
    /// <summary>A time that does not come.</summary>
    public const long Never = long.MaxValue;

    public Fault Fault => fault;

    /// <summary>Whether nothing is read from the client.</summary>
    public virtual bool StopsReading => false;

    /// <summary>Whether the client's FIN is not to be answered.</summary>
    public virtual bool KeepsOpen => false;

    /// <summary>Whether the order in which bytes may leave is one of times.</summary>
    public virtual bool Delays => false;

    /// <summary>How the connection is cut when <see cref="IsCutDue"/>; null: it is not.</summary>
    public virtual FaultKind? Cut => null;

    /// <param name="fault">Whose hold it is.</param>
    /// <param name="number">The connection's number among those that the fault meets.</param>
    /// <param name="pacer">Whose time it is.</param>
    public static Hold Of(Fault fault, long number, Pacer pacer) => fault.Kind switch
    {
        FaultKind.Delay => new DelayHold(fault, number, pacer),
        FaultKind.Throttle => new ThrottleHold(fault, pacer),
        FaultKind.Stall => new StallHold(fault),
        FaultKind.Slice => new SliceHold(fault, pacer),
        FaultKind.Reset or FaultKind.Fin => new CutHold(fault, pacer),
        FaultKind.Corrupt or FaultKind.Drop or FaultKind.Duplicate => new AlterHold(fault),
        FaultKind.KeepOpen => new KeepOpenHold(fault),
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault.Kind, "is about no connection"),
    };

    /// <summary>Passes on what has come in, altered or not. What is returned is good until the next call.</summary>
    public virtual ReadOnlySpan<byte> Pass(ReadOnlySpan<byte> bytes) => bytes;

    /// <summary>How much later bytes that come in now may leave.</summary>
    public virtual long DrawDelay() => 0;

    /// <summary>How many bytes may leave now.</summary>
    /// <param name="now">The time.</param>
    /// <param name="most">More are not there.</param>
    /// <param name="next">When more may, where not all of them may; <see cref="Never"/> where time alone changes nothing.</param>
    public virtual int Allow(long now, int most, out long next)
    {
        next = Never;
        return most;
    }

    /// <summary>Learns that bytes have left.</summary>
    public virtual void OnSent(int count, long now)
    {
    }

    /// <summary>Whether the connection is to be cut by now.</summary>
    /// <param name="now">The time.</param>
    /// <param name="next">When it is, where it is not.</param>
    public virtual bool IsCutDue(long now, out long next)
    {
        next = Never;
        return false;
    }
}
