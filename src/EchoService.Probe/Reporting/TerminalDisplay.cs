using System.Globalization;
using EchoService.Probe.Connections;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace EchoService.Probe.Reporting;

/// <summary>For a terminal: events scroll by above a block that is redrawn every interval.</summary>
internal sealed class TerminalDisplay(IAnsiConsole console, LiveDisplayContext context, ProbeOptions options) : IRunDisplay
{
    private readonly List<char> _glyphs = [];

    /// <summary>The block before the first interval has ended.</summary>
    public static IRenderable Waiting(ProbeOptions options) => new Text($"{Title(options)}, connecting");

    public void Show(IReadOnlyList<ProbeEvent> happened)
    {
        foreach (var line in EventLines.Of(happened))
        {
            console.WriteLine(line);
        }
    }

    public void Show(TimelineReport interval, RunSample total)
    {
        _glyphs.Add(Timeline.Glyph(interval));
        var row = new Paragraph();
        foreach (var glyph in _glyphs.TakeLast(Math.Max(1, console.Profile.Width - 1)))
        {
            row.Append(glyph.ToString(), Style.Parse(Timeline.Colour(glyph)));
        }

        var messages = total.Messages;
        var now = string.Create(
            CultureInfo.InvariantCulture,
            $"this interval: {Wording.Count(interval.Answered)} answered, worst {Wording.Duration(interval.WorstSeconds)}; {interval.Open} of {options.Connections} open");
        var sum = $"so far: {Wording.Count(messages.Answered)} of {Wording.Count(messages.Due)} answered, {Wording.Count(messages.Lost + messages.Unsent)} lost, {Wording.Count(messages.Late)} late";
        context.UpdateTarget(new Rows(
            new Text(string.Create(CultureInfo.InvariantCulture, $"{Title(options)}, {interval.AtSeconds:0} s of {options.Duration.TotalSeconds:0} s")),
            row,
            new Text(now),
            new Text(sum),
            new Text(Timeline.Legend, new Style(decoration: Decoration.Dim))));
    }

    private static string Title(ProbeOptions options) => options.Mode == ProbeMode.Watch
        ? string.Create(CultureInfo.InvariantCulture, $"watch {options.Target}: {options.Rate:0.###} messages/s")
        : string.Create(CultureInfo.InvariantCulture, $"load {options.Target}: {options.Connections} x {options.Pipeline} under way");
}
