using EchoService.Probe.Clients;
using EchoService.Probe.Events;
using EchoService.Probe.Reporting;

namespace EchoService.Probe.Display;

/// <summary>For <c>--json</c>: the document is all that is printed.</summary>
internal sealed class NoDisplay : IRunDisplay
{
    public void Show(PopulationName name, IReadOnlyList<ProbeEvent> happened)
    {
    }

    public void Show(PopulationName name, TimelineReport interval, RunSample total)
    {
    }

    public void Refresh()
    {
    }
}
