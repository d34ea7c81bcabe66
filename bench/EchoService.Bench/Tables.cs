using System.Globalization;
using System.Text;

namespace EchoService.Bench;

/// <summary>Results as Markdown, which reads well on a terminal too.</summary>
internal static class Tables
{
    public static string Brief(Workload workload, Slice slice)
    {
        if (slice.Error is { } error)
        {
            return error;
        }

        if (slice.BytesPerConnection is { } bytes)
        {
            return Text($"{bytes,9:N0} B/connection");
        }

        if (slice.AllocatedPerMessage is { } allocated)
        {
            return Text($"{allocated,9:0.000} B/message over {slice.Messages:N0} messages");
        }

        return Text($"{Micros(slice.CpuMicros),9} µs CPU/{workload.Unit} {slice.Rate,11:N0} {workload.Unit}/s  p99 {Count(slice.P99Micros)} µs  busy {Share(slice.ServerBusy)}, load {Share(slice.LoadBusy)}");
    }

    public static string Workload(Workload workload, WorkloadResult result) => workload.Mode switch
    {
        "idle" => Idle(result),
        _ when workload == Bench.Workload.Allocations => Allocations(result),
        _ => Loaded(workload, result),
    };

    public static string Targets(BenchResults results)
    {
        var table = new StringBuilder("| workload | measure | against | to reach | measured | |\n|---|---|---|---|---|---|\n");
        foreach (var target in Target.All)
        {
            if (results.Find(target.Workload) is not { } result || target.Value(result) is not { } value)
            {
                continue;
            }

            var (limit, verdict) = target.Limit is { } bound
                ? (Text($"{(target.AtLeast ? "≥" : "≤")} {bound:0.00}"), target.IsMetBy(value.Median) ? "met" : "**missed**")
                : ("–", "");
            table.AppendLine($"| {target.Workload.Title} | {target.Measure} | {target.Against} | {limit} | {Spread(value)} | {verdict} |");
        }
        return table.ToString();
    }

    public static string Growth(BenchResults results, IReadOnlyList<Workload> workloads, IReadOnlyList<Peer> peers, Func<Workload, string> label)
    {
        var table = new StringBuilder($"| | {string.Join(" | ", peers.Select(peer => peer.Title))} |\n|---|{string.Concat(peers.Select(_ => "---:|"))}\n");
        foreach (var workload in workloads)
        {
            if (results.Find(workload) is { } result)
            {
                table.AppendLine(Text($"| {label(workload)} | {string.Join(" | ", peers.Select(peer => Micros(result.Of(peer, slice => slice.CpuMicros)?.Median)))} |"));
            }
        }
        return table.ToString();
    }

    public static string Threads(BenchResults results)
    {
        var lines = Bench.Workload.ByThreads.GroupBy(workload => workload.Connections)
            .SelectMany(group => group.First().Peers.Select(peer => (Peer: peer, Workloads: group.ToList()))).ToList();
        var table = new StringBuilder($"| threads | {string.Join(" | ", lines.Select(line => Text($"{line.Peer.Title}, {line.Workloads[0].Connections:N0} connections")))} |\n|---|{string.Concat(lines.Select(_ => "---:|"))}\n");
        foreach (var threads in Bench.Workload.ByThreads.Select(workload => workload.Threads).Distinct())
        {
            var cells = lines.Select(line => Micros(results.Find(line.Workloads.First(workload => workload.Threads == threads))?.Of(line.Peer, slice => slice.CpuMicros)?.Median));
            table.AppendLine(Text($"| {threads} | {string.Join(" | ", cells)} |"));
        }
        return table.ToString();
    }

    public static string Capacity(BenchResults results)
    {
        var table = new StringBuilder("| per core | measured |\n|---|---:|\n");
        foreach (var workload in new[] { Bench.Workload.Closed64, Bench.Workload.Closed1000, Bench.Workload.Closed10000, Bench.Workload.Stream, Bench.Workload.Churn })
        {
            // A core's capacity follows from the cost, so that it does not matter what the load generator could do.
            if (results.Find(workload)?.Of(Peer.Service, slice => 1e6 / slice.CpuMicros) is { } perSecond)
            {
                table.AppendLine(Text($"| {workload.Title}: {workload.Units} per second | {perSecond.Median:N0} |"));
            }
        }
        if (results.Find(Bench.Workload.Idle) is { } idle && idle.Of(Peer.Service, slice => slice.BytesPerConnection) is { } bytes)
        {
            table.AppendLine(Text($"| resident memory per idle connection | {bytes.Median / 1024:0.0} KiB |"));
            table.AppendLine(Text($"| resident memory of the process with {Bench.Workload.Idle.Connections:N0} idle connections | {idle.Of(Peer.Service, slice => slice.ResidentBytes)!.Median / (1024 * 1024):N0} MiB |"));
        }
        return table.ToString();
    }

    private static string Loaded(Workload workload, WorkloadResult result)
    {
        var firehose = workload.Mode == "mixed";
        var cost = firehose ? "firehose MiB/s" : $"CPU µs/{workload.Unit}";
        var table = new StringBuilder($"| {workload.Title} | {cost} | × | {workload.Units}/s | × | p50 µs | p99 µs | × | server busy | load busy |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
        foreach (var peer in Peer.All.Where(peer => result.Peers.ContainsKey(peer.Name)))
        {
            double? Median(Func<Slice, double?> measure) => result.Of(peer, measure)?.Median;
            string Ratio(Func<Slice, double?> measure) => Spread(result.Ratio(peer, workload.Baseline, measure));
            Func<Slice, double?> first = firehose ? slice => slice.FirehoseMiB : slice => slice.CpuMicros;
            string[] cells =
            [
                peer.Title + Failures(result.SlicesOf(peer)),
                Micros(Median(first)), Ratio(first),
                Count(Median(slice => slice.Rate)), Ratio(slice => slice.Rate),
                Count(Median(slice => slice.P50Micros)),
                Count(Median(slice => slice.P99Micros)), Ratio(slice => slice.P99Micros),
                Share(Median(slice => slice.ServerBusy)), Share(Median(slice => slice.LoadBusy)),
            ];
            table.AppendLine($"| {string.Join(" | ", cells)} |");
        }
        return table.ToString();
    }

    private static string Idle(WorkloadResult result)
    {
        var table = new StringBuilder($"| {Bench.Workload.Idle.Title} | bytes per connection | resident, all |\n|---|---:|---:|\n");
        foreach (var peer in Peer.All.Where(peer => result.Peers.ContainsKey(peer.Name)))
        {
            table.AppendLine(Text(
                $"| {peer.Title}{Failures(result.SlicesOf(peer))} | {Count(result.Of(peer, slice => slice.BytesPerConnection)?.Median)} | {Count(result.Of(peer, slice => slice.ResidentBytes / (1024 * 1024))?.Median)} MiB |"));
        }
        return table.ToString();
    }

    private static string Allocations(WorkloadResult result)
    {
        var allocated = result.Of(Peer.Service, slice => slice.AllocatedPerMessage)?.Median;
        var messages = result.Of(Peer.Service, slice => slice.Messages)?.Median;
        return $"| {Bench.Workload.Allocations.Title} | bytes per message | messages counted |\n|---|---:|---:|\n"
            + $"| {Peer.Service.Title}{Failures(result.SlicesOf(Peer.Service))} | {(allocated is null ? "–" : Text($"{allocated:0.000}"))} | {Count(messages)} |\n";
    }

    private static string Failures(IReadOnlyList<Slice> slices) => slices.Count(slice => slice.Error is not null) is > 0 and var failed
        ? $" (failed in {failed} of {slices.Count}: {slices.First(slice => slice.Error is not null).Error})"
        : "";

    private static string Micros(double? value) => value switch
    {
        null => "–",
        >= 100 => Text($"{value:N0}"),
        >= 10 => Text($"{value:0.0}"),
        _ => Text($"{value:0.00}"),
    };

    private static string Count(double? value) => value is null ? "–" : Text($"{value:N0}");

    private static string Share(double? value) => value is null ? "–" : Text($"{value * 100:0} %");

    private static string Spread(Quartiles? ratio) => ratio is null
        ? "–"
        : Text($"{ratio.Median:0.00} ({ratio.Lower:0.00}–{ratio.Upper:0.00})");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
