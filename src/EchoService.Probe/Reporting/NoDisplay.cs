using EchoService.Probe.Connections;

namespace EchoService.Probe.Reporting;

/// <summary>For <c>--json</c>: the document is all that is printed.</summary>
internal sealed class NoDisplay : IRunDisplay
{
    public void Show(IReadOnlyList<ProbeEvent> happened)
    {
    }

    public void Show(TimelineReport interval, RunSample total)
    {
    }
}
