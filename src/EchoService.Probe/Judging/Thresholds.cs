using EchoService.Probe.Dialing;
using EchoService.Probe.Display;
using EchoService.Probe.Events;
using EchoService.Probe.Reporting;

namespace EchoService.Probe.Judging;

/// <summary>The options that say how much of a cause is still no disruption.</summary>
internal static class Thresholds
{
    public const string MaxGap = "--max-gap";

    /// <summary>What a share is a share of, besides.</summary>
    public static readonly IReadOnlyList<(ProbeEventKind Kind, string Option, string What)> Options =
    [
        (ProbeEventKind.LostMessages, "--max-lost", "Messages lost or never sent"),
        (ProbeEventKind.Late, "--max-late", "Answers late"),
        (ProbeEventKind.Corrupted, "--max-corrupted", "Messages corrupted"),
        (ProbeEventKind.Reset, "--max-resets", "Connections reset"),
        (ProbeEventKind.FinInsideMessage, "--max-fins", "FINs inside a message"),
        (ProbeEventKind.Stalled, "--max-stalled", "Connections stalled"),
        (ProbeEventKind.StuckFlow, "--max-stuck", "Flows stuck"),
        (ProbeEventKind.Duplicated, "--max-duplicated", "Datagrams that came more than once"),
        (ProbeEventKind.Reordered, "--max-reordered", "Datagrams out of order"),
        (ProbeEventKind.Refused, "--max-refused", "Connects or datagrams refused"),
        (ProbeEventKind.ConnectTimeout, "--max-timeouts", "Connects timed out"),
        (ProbeEventKind.Unreachable, "--max-unreachable", "Connects or datagrams without a route or a name"),
    ];

    /// <summary>How often it happened, and out of how many: messages due, connections made, or connects tried.</summary>
    public static (long Count, long Of) CountOf(ProbeEventKind kind, Protocol protocol, PopulationReport figures)
    {
        var (messages, connections) = (figures.Messages, figures.Connections);
        // Over UDP it is a message that is refused.
        var tried = protocol == Protocol.Udp
            ? messages.Due
            : connections.Made + connections.Refused + connections.ConnectTimeouts + connections.Unreachable + connections.LocalLimit;
        return kind switch
        {
            ProbeEventKind.LostMessages => (messages.Lost + messages.Unsent - messages.UnsentLocally, messages.Due),
            ProbeEventKind.Late => (messages.Late - messages.LateLocally, messages.Due),
            ProbeEventKind.Corrupted => (messages.Corrupted, messages.Due),
            ProbeEventKind.Reset => (connections.Resets, connections.Made),
            ProbeEventKind.FinInsideMessage => (connections.FinInsideMessage, connections.Made),
            ProbeEventKind.Stalled => (connections.Stalled, connections.Made),
            ProbeEventKind.StuckFlow => (connections.Stuck, connections.Made),
            ProbeEventKind.Duplicated => (messages.Duplicated, messages.Due),
            ProbeEventKind.Reordered => (messages.Reordered, messages.Due),
            ProbeEventKind.Refused => (connections.Refused, tried),
            ProbeEventKind.ConnectTimeout => (connections.ConnectTimeouts, tried),
            ProbeEventKind.Unreachable => (connections.Unreachable, tried),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null),
        };
    }

    public static ThresholdReport[] Measure(ProbeOptions options, Protocol protocol, PopulationReport figures)
    {
        var measured = new List<ThresholdReport>();
        foreach (var (kind, option, _) in Options)
        {
            if (kind.IsOf(protocol) && options.Limits.TryGetValue(kind, out var limit))
            {
                var (count, of) = CountOf(kind, protocol, figures);
                var value = !limit.IsShare ? count : of == 0 ? 0 : Math.Round(100d * count / of, 6);
                measured.Add(new ThresholdReport(option, kind, limit.ToString(), value, limit.Holds(count, of)));
            }
        }

        if (options.MaxGap is { } gap)
        {
            measured.Add(new ThresholdReport(MaxGap, ProbeEventKind.LongGap, Wording.Duration(gap.TotalSeconds), figures.LongestGap.Seconds, figures.LongestGap.Seconds <= gap.TotalSeconds));
        }

        return [.. measured];
    }

    /// <summary>A threshold as people read it: what was given, and what was measured.</summary>
    public static string Describe(ThresholdReport threshold)
    {
        var measured = threshold switch
        {
            { Kind: ProbeEventKind.LongGap } => Wording.Duration(threshold.Measured),
            _ when threshold.Limit.EndsWith('%') => Wording.Share(threshold.Measured),
            _ => Wording.Count(threshold.Measured),
        };
        return $"{threshold.Option} {threshold.Limit}: {measured}";
    }
}
