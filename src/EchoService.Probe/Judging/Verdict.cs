using System.Globalization;
using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;
using EchoService.Probe.Display;
using EchoService.Probe.Events;
using EchoService.Probe.Reporting;

namespace EchoService.Probe.Judging;

/// <summary>
/// Judges a run. A FIN at a message boundary is no disruption by itself: it is how a server that is replaced takes its
/// leave, and the probe repeats what it left unanswered. That it costs too much shows as late or lost messages. What
/// the probe's own machine is to blame for is told apart, and if there is nothing else the server is not blamed.
/// </summary>
internal static class Verdict
{
    public const int Disruption = 1;
    public const int BadArguments = 2;
    public const int NoConnection = 3;
    public const int Inconclusive = 4;

    /// <summary>On one population at one target.</summary>
    public static VerdictReport Judge(ProbeOptions options, PopulationName name, PopulationReport figures)
    {
        var (messages, connections, gap) = (figures.Messages, figures.Connections, figures.LongestGap);
        var protocol = name.Target.Protocol;
        var candidates = Candidates(options, protocol, figures);
        var found = candidates.Where(c => c.Count > 0 && !IsAllowed(options, c.Kind, protocol, figures)).ToArray();
        ProbeEventKind[] causes = [.. found.Select(c => c.Kind).Distinct()];
        var list = string.Join(", ", found.Select(c => Wording.Count(c.Count, c.One, c.Many) + LimitOf(options, c.Kind)));
        var closes = connections.FinAtBoundary == 0 || causes.Contains(ProbeEventKind.FinAtBoundary)
            ? ""
            : $", {Wording.Count(connections.FinAtBoundary, "connection", "connections")} closed at a message boundary";

        if (figures.Expectation is { } expectation)
        {
            return expectation.Met
                ? new VerdictReport(VerdictStatus.AsExpected, 0, [], $"As expected: {expectation.Summary}.")
                : new VerdictReport(VerdictStatus.NotAsExpected, Disruption, causes, $"Not as expected: {expectation.Summary}.");
        }

        // A flow is made by opening a socket, which tells nothing of the other side.
        if (connections.Made == 0 || (protocol == Protocol.Udp && messages.Answered + messages.Corrupted == 0))
        {
            var why = list.Length == 0 ? "interrupted before one was made" : list;
            return new VerdictReport(VerdictStatus.NoConnection, NoConnection, causes, $"No {(protocol == Protocol.Udp ? "answer from" : "connection to")} {name.Target}: {why}.");
        }

        var longestGap = $"longest gap {Wording.Duration(gap.Seconds)}";
        if (causes is [ProbeEventKind.LocalLimit])
        {
            return new VerdictReport(VerdictStatus.Inconclusive, Inconclusive, causes, $"Inconclusive, for the probe's own machine was the limit: {list}; {longestGap} from {Wording.Duration(gap.AtSeconds)} on{closes}.");
        }

        if (causes.Length > 0)
        {
            return new VerdictReport(VerdictStatus.Disruption, Disruption, causes, $"Disruption: {list}; {longestGap} from {Wording.Duration(gap.AtSeconds)} on{closes}.");
        }

        var figuresInShort = options.Mode == ProbeMode.Load
            ? $"{Wording.Count(figures.Throughput.MessagesPerSecond)} messages/s, p99 {Wording.Duration(figures.Latency.P99Seconds)}"
            : $"{Wording.Count(messages.Answered)} of {Wording.Count(messages.Due)} messages answered, {longestGap}";
        var allowed = string.Join(", ", candidates.Where(c => c.Count > 0).Select(c => Wording.Count(c.Count, c.One, c.Many) + LimitOf(options, c.Kind)));
        return new VerdictReport(VerdictStatus.NoDisruption, 0, [], $"No disruption: {figuresInShort}{closes}{(allowed.Length == 0 ? "" : $"; within limits: {allowed}")}.");
    }

    /// <summary>On one target.</summary>
    public static VerdictReport Combine(PopulationReport? held, PopulationReport? fresh) => (held, fresh) switch
    {
        ({ } one, null) => one.Verdict,
        (null, { } one) => one.Verdict,
        ({ } both, { } and) => Combine([("held", both.Verdict), ("new", and.Verdict)]),
        _ => throw new ArgumentException("A target without clients."),
    };

    /// <summary>On the run.</summary>
    public static VerdictReport Combine(IReadOnlyList<TargetReport> targets) =>
        targets is [var only] ? only.Verdict : Combine([.. targets.Select(target => (target.Target, target.Verdict))]);

    /// <summary>The gravest of all; that one could not be reached while another could is a disruption.</summary>
    private static VerdictReport Combine((string Name, VerdictReport Verdict)[] parts)
    {
        var codes = parts.Select(part => part.Verdict.ExitCode).Distinct().ToArray();
        ProbeEventKind[] causes = [.. parts.SelectMany(part => part.Verdict.Causes).Distinct().Order()];
        var (status, code) = codes switch
        {
            [NoConnection] => (VerdictStatus.NoConnection, NoConnection),
            _ when codes.Contains(Disruption) || codes.Contains(NoConnection) =>
                (parts.Any(part => part.Verdict.Status is VerdictStatus.Disruption or VerdictStatus.NoConnection) ? VerdictStatus.Disruption : VerdictStatus.NotAsExpected, Disruption),
            _ when codes.Contains(Inconclusive) => (VerdictStatus.Inconclusive, Inconclusive),
            _ => (parts.Any(part => part.Verdict.Status == VerdictStatus.AsExpected) ? VerdictStatus.AsExpected : VerdictStatus.NoDisruption, 0),
        };
        var summary = string.Join(" ", parts.Select(part => string.Create(CultureInfo.InvariantCulture, $"{part.Name}: {part.Verdict.Summary}")));
        return new VerdictReport(status, code, causes, summary);
    }

    private static (ProbeEventKind Kind, long Count, string One, string Many)[] Candidates(ProbeOptions options, Protocol protocol, PopulationReport figures)
    {
        var (messages, bytes, connections) = (figures.Messages, figures.Bytes, figures.Connections);
        long Of(ProbeEventKind kind) => Thresholds.CountOf(kind, protocol, figures).Count;
        var isUdp = protocol == Protocol.Udp;
        return
        [
            messages.Corrupted > 0
                ? (ProbeEventKind.Corrupted, messages.Corrupted, "message corrupted", "messages corrupted")
                : (ProbeEventKind.Corrupted, bytes.Corrupted, "wrong byte", "wrong bytes"),
            (ProbeEventKind.LostBytes, bytes.Lost, "byte lost", "bytes lost"),
            (ProbeEventKind.Reset, connections.Resets, "connection reset", "connections reset"),
            (ProbeEventKind.FinInsideMessage, connections.FinInsideMessage, "FIN inside a message", "FINs inside a message"),
            (ProbeEventKind.Stalled, connections.Stalled, "connection stalled", "connections stalled"),
            (ProbeEventKind.StuckFlow, connections.Stuck, "stuck flow", "stuck flows"),
            (ProbeEventKind.Refused, connections.Refused, isUdp ? "datagram refused" : "connect refused", isUdp ? "datagrams refused" : "connects refused"),
            (ProbeEventKind.ConnectTimeout, connections.ConnectTimeouts, "connect timed out", "connects timed out"),
            (ProbeEventKind.Unreachable, connections.Unreachable, $"{(isUdp ? "datagram" : "connect")} found no route or name", $"{(isUdp ? "datagrams" : "connects")} found no route or name"),
            (ProbeEventKind.LocalLimit, connections.LocalLimit, "connect failed for want of local descriptors or ports", "connects failed for want of local descriptors or ports"),
            (ProbeEventKind.LocalLimit, messages.UnsentLocally, "message never sent for it", "messages never sent for it"),
            (ProbeEventKind.LocalLimit, messages.LateLocally, "answer late by the probe's own lag", "answers late by the probe's own lag"),
            (ProbeEventKind.LostMessages, Of(ProbeEventKind.LostMessages), "message lost", "messages lost"),
            (ProbeEventKind.LongGap, options.MaxGap is { } most && figures.LongestGap.Seconds > most.TotalSeconds ? 1 : 0, "gap too long", "gaps too long"),
            (ProbeEventKind.Duplicated, messages.Duplicated, "datagram duplicated", "datagrams duplicated"),
            (ProbeEventKind.Reordered, messages.Reordered, "datagram out of order", "datagrams out of order"),
            (ProbeEventKind.Late, Of(ProbeEventKind.Late), "answer late", "answers late"),
            (ProbeEventKind.FinAtBoundary, options.Strict ? connections.FinAtBoundary : 0, "connection closed at a message boundary", "connections closed at a message boundary"),
        ];
    }

    private static bool IsAllowed(ProbeOptions options, ProbeEventKind kind, Protocol protocol, PopulationReport figures)
    {
        if (!options.Limits.TryGetValue(kind, out var limit))
        {
            return false;
        }

        var (count, of) = Thresholds.CountOf(kind, protocol, figures);
        // Wrong bytes beyond every message are not what the limit is about.
        return count > 0 && limit.Holds(count, of);
    }

    private static string LimitOf(ProbeOptions options, ProbeEventKind kind) => kind == ProbeEventKind.LongGap
        ? $" ({Thresholds.MaxGap} {Wording.Duration(options.MaxGap!.Value.TotalSeconds)})"
        : options.Limits.TryGetValue(kind, out var limit) ? $" ({Thresholds.Options.First(option => option.Kind == kind).Option} {limit})" : "";
}
