namespace EchoService.Transport.Faults.Holds;

/// <summary><see cref="FaultKind.Slice"/>: no more than so many bytes in one send, and a pause before the next.</summary>
internal sealed class SliceHold(Fault fault, Pacer pacer) : Hold(fault)
{
    private readonly long _pause = pacer.Ticks(fault.Spec.PieceInterval);
    private long _next = long.MinValue;

    public override ReadOnlySpan<byte> Pass(ReadOnlySpan<byte> bytes)
    {
        Fault.CountBytes(bytes.Length);
        return bytes;
    }

    public override int Allow(long now, int most, out long next)
    {
        next = Never;
        if (now < _next)
        {
            next = _next;
            return 0;
        }

        return Math.Min(most, Fault.Spec.PieceBytes);
    }

    public override void OnSent(int count, long now) => _next = now + _pause;
}
