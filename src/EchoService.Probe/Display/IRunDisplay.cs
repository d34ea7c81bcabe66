using EchoService.Probe.Clients;
using EchoService.Probe.Events;
using EchoService.Probe.Reporting;

namespace EchoService.Probe.Display;

/// <summary>Shows a run while it goes on. Called from one place at a time.</summary>
internal interface IRunDisplay
{
    public void Show(PopulationName name, IReadOnlyList<ProbeEvent> happened);

    /// <param name="name">Whose.</param>
    /// <param name="interval">The interval that has just ended.</param>
    /// <param name="total">Everything up to now.</param>
    public void Show(PopulationName name, TimelineReport interval, RunSample total);

    /// <summary>What was shown since the last time belongs on the screen now.</summary>
    public void Refresh();
}
