namespace EchoService.Transport.Faults.Holds;

/// <summary><see cref="FaultKind.Throttle"/>: so many bytes per second.</summary>
/// <remarks>What a quiet time leaves unused is good for two steps and no more, so that the rate holds over any second.</remarks>
internal sealed class ThrottleHold(Fault fault, Pacer pacer) : Hold(fault)
{
    /// <summary>Bytes leave at most so often: smaller steps would cost more than they show.</summary>
    private const int StepsPerSecond = 50;

    private readonly long _step = Math.Max(1, fault.Spec.BytesPerSecond / StepsPerSecond);
    private readonly double _bytesPerTick = fault.Spec.BytesPerSecond / (double)pacer.Frequency;
    private long _filledAt = pacer.Now;
    private double _allowance;

    public override ReadOnlySpan<byte> Pass(ReadOnlySpan<byte> bytes)
    {
        Fault.CountBytes(bytes.Length);
        return bytes;
    }

    public override int Allow(long now, int most, out long next)
    {
        _allowance = Math.Min(2 * _step, _allowance + ((now - _filledAt) * _bytesPerTick));
        _filledAt = now;
        next = Never;
        var wanted = Math.Min(most, _step);
        if (_allowance >= wanted)
        {
            return (int)Math.Min(most, _allowance);
        }

        next = now + Math.Max(1, (long)Math.Ceiling((wanted - _allowance) / _bytesPerTick));
        return 0;
    }

    public override void OnSent(int count, long now) => _allowance -= count;
}
