namespace EchoService.Transport.Faults.Holds;

/// <summary><see cref="FaultKind.Delay"/>: bytes leave so much later than they came.</summary>
internal sealed class DelayHold(Fault fault, long number, Pacer pacer) : Hold(fault)
{
    // As repeatable as the choice of connections.
    private readonly Random _random = new(unchecked((fault.Spec.Seed * 397) ^ (int)number));
    private readonly long _delay = pacer.Ticks(fault.Spec.Delay);
    private readonly long _jitter = pacer.Ticks(fault.Spec.Jitter);

    public override bool Delays => true;

    public override ReadOnlySpan<byte> Pass(ReadOnlySpan<byte> bytes)
    {
        Fault.CountBytes(bytes.Length);
        return bytes;
    }

    public override long DrawDelay() => _delay + (_jitter == 0 ? 0 : _random.NextInt64(_jitter + 1));
}
