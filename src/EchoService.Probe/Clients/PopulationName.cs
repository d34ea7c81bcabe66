using EchoService.Probe.Dialing;

namespace EchoService.Probe.Clients;

internal sealed record PopulationName(ProbeTarget Target, Population Population)
{
    /// <summary>As people read it, <c>127.0.0.1:7007 new</c>.</summary>
    public override string ToString() => $"{Target} {(Population == Population.Held ? "held" : "new")}";
}
