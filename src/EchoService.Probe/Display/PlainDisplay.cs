using System.Globalization;
using EchoService.Probe.Clients;
using EchoService.Probe.Events;
using EchoService.Probe.Reporting;

namespace EchoService.Probe.Display;

/// <summary>For a pipe or a log: a line for every interval and every event, nothing rewritten.</summary>
/// <param name="output">Where to.</param>
/// <param name="isNamed">Whether each line says whose it is: where there is more than one population.</param>
internal sealed class PlainDisplay(TextWriter output, bool isNamed) : IRunDisplay
{
    public void Show(PopulationName name, IReadOnlyList<ProbeEvent> happened)
    {
        foreach (var line in EventLines.Of(happened, name, isNamed))
        {
            output.WriteLine(line);
        }
    }

    public void Show(PopulationName name, TimelineReport interval, RunSample total) => output.WriteLine(string.Create(
        CultureInfo.InvariantCulture,
        $"{interval.AtSeconds,8:0.0}s {Timeline.Glyph(interval)} {(isNamed ? $"{name}: " : "")}answered {interval.Answered}, late {interval.Late}, lost {interval.Lost}, open {interval.Open}, worst {Wording.Duration(interval.WorstSeconds)}"));

    public void Refresh() => output.Flush();
}
