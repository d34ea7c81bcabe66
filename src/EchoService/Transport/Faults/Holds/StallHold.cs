namespace EchoService.Transport.Faults.Holds;

/// <summary><see cref="FaultKind.Stall"/>: nothing is read, and nothing leaves.</summary>
internal sealed class StallHold(Fault fault) : Hold(fault)
{
    public override bool StopsReading => true;

    public override ReadOnlySpan<byte> Pass(ReadOnlySpan<byte> bytes)
    {
        Fault.CountBytes(bytes.Length);
        return bytes;
    }

    public override int Allow(long now, int most, out long next)
    {
        next = Never;
        return 0;
    }
}
