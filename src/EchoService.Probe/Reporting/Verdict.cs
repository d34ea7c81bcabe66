using EchoService.Probe.Connections;

namespace EchoService.Probe.Reporting;

/// <summary>
/// Judges a run. A FIN at a message boundary is no disruption by itself: it is how a server that is replaced takes its
/// leave, and the probe repeats what it left unanswered. That it costs too much shows as late or lost messages. What
/// the probe's own machine is to blame for is told apart, and if there is nothing else the server is not blamed.
/// </summary>
internal static class Verdict
{
    public const int BadArguments = 2;
    private const int Inconclusive = 4;

    public static VerdictReport Judge(
        ProbeOptions options,
        MessagesReport messages,
        BytesReport bytes,
        ConnectionsReport connections,
        ThroughputReport throughput,
        LatencyReport latency,
        GapReport gap)
    {
        var unanswered = messages.Lost + messages.Unsent - messages.UnsentLocally;
        (ProbeEventKind Kind, long Count, string One, string Many)[] candidates =
        [
            messages.Corrupted > 0
                ? (ProbeEventKind.Corrupted, messages.Corrupted, "message corrupted", "messages corrupted")
                : (ProbeEventKind.Corrupted, bytes.Corrupted, "wrong byte", "wrong bytes"),
            (ProbeEventKind.LostBytes, bytes.Lost, "byte lost", "bytes lost"),
            (ProbeEventKind.Reset, connections.Resets, "connection reset", "connections reset"),
            (ProbeEventKind.FinInsideMessage, connections.FinInsideMessage, "FIN inside a message", "FINs inside a message"),
            (ProbeEventKind.Stalled, connections.Stalled, "connection stalled", "connections stalled"),
            (ProbeEventKind.Refused, connections.Refused, "connect refused", "connects refused"),
            (ProbeEventKind.ConnectTimeout, connections.ConnectTimeouts, "connect timed out", "connects timed out"),
            (ProbeEventKind.Unreachable, connections.Unreachable, "connect found no route or name", "connects found no route or name"),
            (ProbeEventKind.LocalLimit, connections.LocalLimit, "connect failed for want of local descriptors or ports", "connects failed for want of local descriptors or ports"),
            (ProbeEventKind.LocalLimit, messages.UnsentLocally, "message never sent for it", "messages never sent for it"),
            (ProbeEventKind.LocalLimit, messages.LateLocally, "answer late by the probe's own lag", "answers late by the probe's own lag"),
            (ProbeEventKind.LostMessages, unanswered, "message lost", "messages lost"),
            (ProbeEventKind.Late, messages.Late - messages.LateLocally, "answer late", "answers late"),
            (ProbeEventKind.FinAtBoundary, options.Strict ? connections.FinAtBoundary : 0, "connection closed at a message boundary", "connections closed at a message boundary"),
        ];
        var found = candidates.Where(c => c.Count > 0).ToArray();
        ProbeEventKind[] causes = [.. found.Select(c => c.Kind).Distinct()];
        var list = string.Join(", ", found.Select(c => Wording.Count(c.Count, c.One, c.Many)));

        if (connections.Made == 0)
        {
            var why = list.Length == 0 ? "interrupted before one was made" : list;
            return new VerdictReport(VerdictStatus.NoConnection, 3, causes, $"No connection to {options.Target}: {why}.");
        }

        var closes = connections.FinAtBoundary == 0
            ? ""
            : $", {Wording.Count(connections.FinAtBoundary, "connection", "connections")} closed at a message boundary";
        var longestGap = $"longest gap {Wording.Duration(gap.Seconds)}";
        if (causes is [ProbeEventKind.LocalLimit])
        {
            return new VerdictReport(VerdictStatus.Inconclusive, Inconclusive, causes, $"Inconclusive, for the probe's own machine was the limit: {list}; {longestGap} from {Wording.Duration(gap.AtSeconds)} on{closes}.");
        }

        if (causes.Length > 0)
        {
            var besides = causes.Contains(ProbeEventKind.FinAtBoundary) ? "" : closes;
            return new VerdictReport(VerdictStatus.Disruption, 1, causes, $"Disruption: {list}; {longestGap} from {Wording.Duration(gap.AtSeconds)} on{besides}.");
        }

        var figures = options.Mode == ProbeMode.Load
            ? $"{Wording.Count(throughput.MessagesPerSecond)} messages/s, p99 {Wording.Duration(latency.P99Seconds)}"
            : $"{Wording.Count(messages.Answered)} of {Wording.Count(messages.Due)} messages answered, {longestGap}";
        return new VerdictReport(VerdictStatus.NoDisruption, 0, causes, $"No disruption: {figures}{closes}.");
    }
}
