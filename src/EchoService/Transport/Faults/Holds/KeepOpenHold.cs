namespace EchoService.Transport.Faults.Holds;

/// <summary><see cref="FaultKind.KeepOpen"/>: the client's FIN is not answered.</summary>
internal sealed class KeepOpenHold(Fault fault) : Hold(fault)
{
    public override bool KeepsOpen => true;
}
