using EchoService.Probe.Connections;

namespace EchoService.Probe.Reporting;

/// <summary>Shows a run while it goes on. Called from one place at a time.</summary>
internal interface IRunDisplay
{
    public void Show(IReadOnlyList<ProbeEvent> happened);

    /// <param name="interval">The interval that has just ended.</param>
    /// <param name="total">Everything up to now.</param>
    public void Show(TimelineReport interval, RunSample total);
}
