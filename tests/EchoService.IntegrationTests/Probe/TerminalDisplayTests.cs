using System.Globalization;
using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;
using EchoService.Probe.Display;
using EchoService.Probe.Events;
using EchoService.Probe.Measurement;
using EchoService.Probe.Reporting;

namespace EchoService.IntegrationTests.Probe;

/// <summary>The live display on a terminal: nothing of what was there before stays, at any width.</summary>
public sealed class TerminalDisplayTests
{
    private static readonly PopulationName Name = new(new ProbeTarget("127.0.0.1", 7007), Population.Held);

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(200)]
    public void EventsScrollByAboveOneBlock(int columns)
    {
        using var screen = new Screen(columns);
        var display = Display(screen, hasColour: true);

        for (var second = 1; second <= 100; second++)
        {
            display.Show(Name, Interval(second), new RunSample());
            display.Show(Name, [new ProbeEvent(second * Clock.Second, 1, ProbeEventKind.Reset, "3 answered, 1 not"), new ProbeEvent(second * Clock.Second, 1, ProbeEventKind.Reconnected, null)]);
            display.Refresh();
        }

        display.End();
        var lines = screen.Lines;
        lines.Count(line => line.StartsWith("watch 127.0.0.1:7007", StringComparison.Ordinal)).ShouldBe(1);
        lines.Count(line => line.StartsWith("so far:", StringComparison.Ordinal)).ShouldBe(1);
        lines.Where(line => line.Contains("answered again", StringComparison.Ordinal)).ShouldAllBe(line => line.EndsWith("connection 1: answered again", StringComparison.Ordinal));
        lines.Count(line => line.Contains(": RST (3 answered, 1 not)", StringComparison.Ordinal)).ShouldBe(100);
        lines.Skip(200).ShouldAllBe(line => line.Length < columns);
        lines.ShouldContain(new string('#', Math.Min(100, columns - 1)));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(80)]
    [InlineData(200)]
    public void FlowsAreShownByTheirOwnWords(int columns)
    {
        using var screen = new Screen(columns);
        ProbeTarget[] targets = [new("127.0.0.1", 7007), new("127.0.0.1", 7007, Protocol.Udp)];
        var display = new TerminalDisplay(screen, () => (screen.Columns, 50), hasColour: true, ProbeRuns.Watch(7007) with { Targets = targets });
        for (var second = 1; second <= 20; second++)
        {
            foreach (var target in targets)
            {
                display.Show(new PopulationName(target, Population.Held), Interval(second) with { Disordered = target.Protocol == Protocol.Udp ? 1 : 0 }, new RunSample());
            }

            display.Show(new PopulationName(targets[1], Population.Held), [new ProbeEvent(second * Clock.Second, 1, ProbeEventKind.Reordered, null)]);
            display.Refresh();
        }

        display.End();
        // A line that is longer than the terminal is wide is its own to wrap.
        string.Concat(screen.Lines).Split("udp://127.0.0.1:7007 held: flow 1: out of order").Length.ShouldBe(21);
        screen.Lines.ShouldContain(new string('~', 20));
        screen.Lines.ShouldContain(new string('#', 20));
        screen.Lines.ShouldContain(line => line.StartsWith("# well  | ended  ~ late, disordered", StringComparison.Ordinal));
    }

    [Fact]
    public void NarrowerTerminalKeepsNoCopies()
    {
        using var screen = new Screen(200);
        var display = Display(screen, hasColour: false);
        for (var second = 1; second <= 160; second++)
        {
            if (second is 100 or 130)
            {
                screen.Narrow(second == 100 ? 80 : 40);
            }

            display.Show(Name, Interval(second), new RunSample());
            display.Refresh();
        }

        screen.Lines.Count.ShouldBe(5);
        screen.Lines.ShouldAllBe(line => line.Length < 40);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ColourIsThereOnlyWhereItIsWanted(bool hasColour)
    {
        using var raw = new StringWriter(CultureInfo.InvariantCulture);
        var display = new TerminalDisplay(raw, () => (80, 24), hasColour, ProbeRuns.Watch(7007));

        display.Show(Name, Interval(1), new RunSample());
        display.Refresh();

        raw.ToString().Contains("\e[32m", StringComparison.Ordinal).ShouldBe(hasColour);
    }

    private static TerminalDisplay Display(Screen screen, bool hasColour) => new(screen, () => (screen.Columns, 50), hasColour, ProbeRuns.Watch(7007));

    private static TimelineReport Interval(double at) => new(at, Answered: 100, Late: 0, Disordered: 0, Corrupted: 0, Lost: 0, Ended: 0, ConnectFailures: 0, Open: 4, WorstSeconds: 0.001);
}
