namespace EchoService.Transport.Faults.Holds;

/// <summary><see cref="FaultKind.Reset"/> and <see cref="FaultKind.Fin"/>: the end after so many bytes, after some time, or at once.</summary>
internal sealed class CutHold : Hold
{
    private readonly long _at;
    private long _left;

    public CutHold(Fault fault, Pacer pacer)
        : base(fault)
    {
        _left = fault.Spec.AfterBytes ?? long.MaxValue;
        _at = fault.Spec switch
        {
            { After: { } after } => pacer.Now + pacer.Ticks(after),
            { AfterBytes: null } => long.MinValue,
            _ => Never,
        };
    }

    public override FaultKind? Cut => Fault.Kind;

    public override int Allow(long now, int most, out long next)
    {
        next = Never;
        return (int)Math.Min(most, _left);
    }

    public override void OnSent(int count, long now) => _left -= count;

    public override bool IsCutDue(long now, out long next)
    {
        next = _at;
        return _left == 0 || now >= _at;
    }
}
