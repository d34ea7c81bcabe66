using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;
using EchoService.Probe.Judging;
using EchoService.Probe.Reporting;
using Spectre.Console;

namespace EchoService.Probe.Display;

/// <summary>The end of a run as people read it: a table for each population, then the verdict in a line each.</summary>
internal static class SummaryTable
{
    public static void Write(IAnsiConsole console, ProbeReport report)
    {
        var populations = report.Targets.SelectMany(target => target.Populations().Select(one => (target.Target, target.Protocol, one.Name, one.Report))).ToArray();
        foreach (var (target, protocol, name, figures) in populations)
        {
            if (figures.Connections.Made == 0 && populations.Length == 1)
            {
                continue;
            }

            console.WriteLine();
            if (populations.Length > 1)
            {
                console.WriteLine($"{target} {(name == Population.Held ? "held" : "new")}");
            }

            console.Write(TableOf(protocol, figures));
        }

        if (populations.Any(one => one.Report.Instances.Count > 0))
        {
            console.WriteLine();
            console.Write(InstancesOf(populations));
        }

        if (report.Command == ProbeMode.Watch && report.Verdict.Status != VerdictStatus.NoConnection)
        {
            console.WriteLine($"probe lag {Wording.Duration(report.ProbeLagSeconds)} at worst, in the latencies above");
            console.WriteLine();
        }

        foreach (var (target, _, name, figures) in populations)
        {
            var verdict = figures.Verdict;
            var whose = populations.Length == 1 ? "" : $"{target} {(name == Population.Held ? "held" : "new")}: ";
            console.Write(new Text($"{whose}{verdict.Summary}\n", Style.Parse(verdict.ExitCode == 0 ? "green" : "red")));
            foreach (var why in figures.Explanations)
            {
                console.Write(new Text($"  {(why.Count == 1 ? why.First : $"{Wording.Count(why.Count)} connections to {why.Instance}: {Wording.Of(why.Kind)}, {why.Cause}")}\n"));
            }
        }
    }

    /// <summary>A row for each instance that a population met.</summary>
    private static Table InstancesOf((string Target, Protocol Protocol, Population Name, PopulationReport Report)[] populations)
    {
        var table = new Table { Border = TableBorder.None };
        table.AddColumn(new TableColumn("instance").Padding(0, 0, 2, 0));
        table.AddColumn(new TableColumn("").Padding(0, 0, 2, 0).NoWrap());
        // With the name of a pod they have to fit 80 columns.
        string[] counts = ["conns", "answered", "lost", "FIN", "part", "RST", "stall"];
        foreach (var name in counts)
        {
            table.AddColumn(new TableColumn(name).RightAligned().NoWrap().Padding(0, 0, name == counts[^1] ? 0 : 2, 0));
        }

        foreach (var (target, _, name, figures) in populations)
        {
            foreach (var one in figures.Instances)
            {
                var several = populations.Select(population => population.Target).Distinct().Count() > 1;
                long[] values = [one.Connections, one.Answered, one.Lost, one.FinAtBoundary, one.FinInsideMessage, one.Resets, one.Stalled];
                table.AddRow([new Text(several ? $"{target} {one.Name}" : one.Name), new Text(name == Population.Held ? "held" : "new"), .. values.Select(value => new Text(Wording.Count(value)))]);
            }
        }

        return table;
    }

    private static Table TableOf(Protocol protocol, PopulationReport figures)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = false };
        table.AddColumn(new TableColumn("").PadRight(2).NoWrap());
        table.AddColumn(new TableColumn(""));
        foreach (var (name, value) in Lines(protocol, figures))
        {
            table.AddRow(new Text(name), new Text(value));
        }

        return table;
    }

    private static IEnumerable<(string Name, string Value)> Lines(Protocol protocol, PopulationReport report)
    {
        var (messages, connections, latency) = (report.Messages, report.Connections, report.Latency);
        yield return ("messages", $"{Wording.Count(messages.Due)} due, {Wording.Count(messages.Answered)} answered ({Wording.Count(messages.Late)} late{(messages.LateLocally == 0 ? "" : $", {Wording.Count(messages.LateLocally)} of them by own lag")})");
        var isUdp = protocol == Protocol.Udp;
        yield return ("", $"{Wording.Count(messages.Lost)} lost{(isUdp ? $" ({Wording.Count(messages.AfterTimeout)} came after the timeout)" : "")}, {Wording.Count(messages.Unsent)} never sent, {Wording.Count(messages.Corrupted)} corrupted{(isUdp ? "" : $", {Wording.Count(messages.Repeated)} repeated")}");
        if (isUdp)
        {
            yield return ("", $"{Wording.Count(messages.Reordered)} out of order, {Wording.Count(messages.Duplicated)} duplicated");
        }

        yield return ("throughput", $"{Wording.Count(report.Throughput.MessagesPerSecond)} messages/s, {Wording.Bytes(report.Throughput.BytesPerSecond)}/s each way");
        yield return ("latency", $"p50 {Wording.Duration(latency.P50Seconds)}, p90 {Wording.Duration(latency.P90Seconds)}, p99 {Wording.Duration(latency.P99Seconds)}");
        yield return ("", $"p99.9 {Wording.Duration(latency.P999Seconds)}, max {Wording.Duration(latency.MaxSeconds)}");
        yield return ("longest gap", report.LongestGap.Seconds == 0 ? "none" : $"{Wording.Duration(report.LongestGap.Seconds)}, {Wording.Duration(report.LongestGap.AtSeconds)} into the run");
        if (isUdp)
        {
            yield return ("flows", $"{Wording.Count(connections.Made)} opened, {Wording.Count(connections.Stuck)} stuck");
            yield return ("  failed", $"{Wording.Count(connections.Refused)} refused, {Wording.Count(connections.Unreachable)} unreachable, {Wording.Count(connections.LocalLimit)} local limit");
            yield return ("bytes", $"{Wording.Count(report.Bytes.Corrupted)} wrong");
        }
        else
        {
            yield return ("connections", $"{Wording.Count(connections.Made)} made, {Wording.Count(connections.Reconnects)} of them again; p99 {Wording.Duration(report.ConnectTime.P99Seconds)} to connect");
            yield return ("  failed", $"{Wording.Count(connections.Refused)} refused, {Wording.Count(connections.ConnectTimeouts)} timed out, {Wording.Count(connections.Unreachable)} unreachable, {Wording.Count(connections.LocalLimit)} local limit");
            yield return ("  ended", $"{Wording.Count(connections.FinAtBoundary)} FIN at boundary, {Wording.Count(connections.FinInsideMessage)} FIN inside a message");
            yield return ("", $"{Wording.Count(connections.Resets)} RST, {Wording.Count(connections.Stalled)} stalled");
            yield return ("bytes", $"{Wording.Count(report.Bytes.Corrupted)} wrong, {Wording.Count(report.Bytes.Lost)} missing");
        }

        foreach (var threshold in report.Thresholds)
        {
            yield return ("threshold", $"{Thresholds.Describe(threshold)}{(threshold.Holds ? "" : ", exceeded")}");
        }

        if (report.Expectation is { } expectation)
        {
            yield return ("expected", $"{expectation.Expected}: {expectation.Summary}");
        }
    }
}
