using System.Globalization;
using System.Text;
using EchoService.Probe.Clients;
using EchoService.Probe.Events;
using EchoService.Probe.Reporting;

namespace EchoService.Probe.Display;

/// <summary>For a terminal: events scroll by above a block that is redrawn every interval.</summary>
/// <remarks>
/// Every line of the block is shorter than the terminal is wide, and what is drawn again is erased first, by as many rows as
/// it takes now: a terminal that was made narrower has wrapped it meanwhile.
/// </remarks>
/// <param name="output">The terminal.</param>
/// <param name="size">Its columns and rows, asked anew each time.</param>
/// <param name="hasColour">Whether it may be coloured.</param>
/// <param name="options">Of the run.</param>
internal sealed class TerminalDisplay(TextWriter output, Func<(int Columns, int Rows)> size, bool hasColour, ProbeOptions options) : IRunDisplay
{
    /// <summary>More characters of a timeline than any terminal is wide.</summary>
    private const int MostGlyphs = 1000;

    private readonly Dictionary<PopulationName, (List<char> Glyphs, TimelineReport Last, RunSample Total)> _shown = [];
    private readonly List<string> _events = [];
    private readonly bool _isNamed = options.PopulationCount > 1;
    private int[] _drawn = [];
    private double _seconds;
    private bool _isStale = true;

    public void Show(PopulationName name, IReadOnlyList<ProbeEvent> happened)
    {
        _events.AddRange(EventLines.Of(happened, name, _isNamed));
        _isStale = true;
    }

    public void Show(PopulationName name, TimelineReport interval, RunSample total)
    {
        var glyphs = _shown.TryGetValue(name, out var before) ? before.Glyphs : [];
        glyphs.Add(Timeline.Glyph(interval));
        if (glyphs.Count > MostGlyphs)
        {
            glyphs.RemoveAt(0);
        }

        _shown[name] = (glyphs, interval, total);
        _seconds = interval.AtSeconds;
        _isStale = true;
    }

    public void Refresh()
    {
        if (!_isStale)
        {
            return;
        }

        var (columns, rows) = size();
        var room = Math.Max(1, columns - 1);
        var frame = new StringBuilder(Erase(Math.Max(1, columns)));
        foreach (var line in _events)
        {
            frame.Append(line).Append('\n');
        }

        _events.Clear();
        var block = Block(room).Take(Math.Max(1, rows - 1)).ToArray();
        frame.AppendJoin('\n', block.Select(line => line.Coloured));
        _drawn = Array.ConvertAll(block, line => line.Length);
        output.Write(frame.ToString());
        output.Flush();
        _isStale = false;
    }

    /// <summary>Leaves the block as it is, and the cursor below it.</summary>
    public void End()
    {
        Refresh();
        output.WriteLine();
        output.Flush();
    }

    private string Erase(int columns)
    {
        if (_drawn.Length == 0)
        {
            return "\r";
        }

        var up = _drawn.Sum(length => Math.Max(1, (length + columns - 1) / columns)) - 1;
        return up == 0 ? "\r\e[J" : string.Create(CultureInfo.InvariantCulture, $"\r\e[{up}A\e[J");
    }

    private IEnumerable<(string Coloured, int Length)> Block(int room)
    {
        var end = options.Duration is { } duration ? string.Create(CultureInfo.InvariantCulture, $" of {duration.TotalSeconds:0} s") : "";
        yield return Plain(_shown.Count == 0 ? $"{Title()}, connecting" : string.Create(CultureInfo.InvariantCulture, $"{Title()}, {_seconds:0} s{end}"), room);
        foreach (var (name, (glyphs, last, total)) in _shown)
        {
            if (_isNamed)
            {
                yield return Plain(name.ToString(), room);
            }

            yield return (Coloured(glyphs[Math.Max(0, glyphs.Count - room)..]), Math.Min(room, glyphs.Count));
            var messages = total.Messages;
            yield return Plain(string.Create(CultureInfo.InvariantCulture, $"this interval: {Wording.Count(last.Answered)} answered, worst {Wording.Duration(last.WorstSeconds)}; {last.Open} open"), room);
            yield return Plain($"so far: {Wording.Count(messages.Answered)} of {Wording.Count(messages.Due)} answered, {Wording.Count(messages.Lost + messages.Unsent)} lost, {Wording.Count(messages.Late)} late", room);
        }

        if (_shown.Count > 0)
        {
            yield return Plain(Timeline.Legend(options.Targets.Select(target => target.Protocol)), room);
        }
    }

    private string Title() => options.Mode == ProbeMode.Watch
        ? string.Create(CultureInfo.InvariantCulture, $"watch {string.Join(' ', options.Targets)}: {options.Rate:0.###} messages/s{(options.NewRate > 0 ? $", {options.NewRate:0.###} new/s" : "")}")
        : string.Create(CultureInfo.InvariantCulture, $"load {options.Targets[0]}: {options.Connections} x {options.Pipeline} under way");

    private static (string Coloured, int Length) Plain(string text, int room)
    {
        var shown = text.Length <= room ? text : text[..room];
        return (shown, shown.Length);
    }

    private string Coloured(IEnumerable<char> glyphs)
    {
        if (!hasColour)
        {
            return string.Concat(glyphs);
        }

        var text = new StringBuilder();
        var now = "";
        foreach (var glyph in glyphs)
        {
            var colour = Timeline.Colour(glyph);
            if (colour != now)
            {
                text.Append("\e[").Append(colour).Append('m');
                now = colour;
            }

            text.Append(glyph);
        }

        return text.Append("\e[0m").ToString();
    }
}
