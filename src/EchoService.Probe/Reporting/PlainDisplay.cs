using System.Globalization;
using EchoService.Probe.Connections;

namespace EchoService.Probe.Reporting;

/// <summary>For a pipe or a log: a line for every interval and every event, nothing rewritten.</summary>
internal sealed class PlainDisplay(TextWriter output) : IRunDisplay
{
    public void Show(IReadOnlyList<ProbeEvent> happened)
    {
        foreach (var line in EventLines.Of(happened))
        {
            output.WriteLine(line);
        }
    }

    public void Show(TimelineReport interval, RunSample total)
    {
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{interval.AtSeconds,8:0.0}s {Timeline.Glyph(interval)} answered {interval.Answered}, late {interval.Late}, lost {interval.Lost}, open {interval.Open}, worst {Wording.Duration(interval.WorstSeconds)}"));
        output.Flush();
    }
}
