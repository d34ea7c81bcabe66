using System.Globalization;
using System.Text;

namespace EchoService.Bench;

/// <summary>
/// Writes tables and charts into <c>docs/performance.md</c> and beside it. Each generated part stands
/// between two comments that name it, so that prose and figures cannot part ways.
/// </summary>
internal static class PerformancePage
{
    /// <summary>Kestrel too, where it is measured for the sake of the workload.</summary>
    private static readonly IReadOnlyList<Peer> ConnectionsPeers = [.. Workload.GrowthPeers, Peer.Kestrel];

    private const string NothingYet = "Nothing has been measured yet.";

    public static void Render(BenchOptions options, BenchResults results)
    {
        var page = Path.Combine(options.DocsPath, "performance.md");
        var text = File.ReadAllText(page);
        foreach (var (name, content) in Parts(results))
        {
            text = Replace(text, name, results.Workloads.Count > 0 ? content : NothingYet);
        }

        File.WriteAllText(page, text);

        foreach (var (name, svg) in Charts(results))
        {
            File.WriteAllText(Path.Combine(options.DocsPath, "performance", name + ".svg"), svg);
        }
    }

    private static IEnumerable<(string Name, string Content)> Parts(BenchResults results)
    {
        yield return ("provenance", Provenance(results));
        yield return ("targets", Tables.Targets(results));
        yield return ("workloads", string.Join("\n", Workload.All
            .Where(workload => workload.Group == "main" && results.Find(workload) is not null)
            .Select(workload => Tables.Workload(workload, results.Find(workload)!))));
        yield return ("connections", Tables.Growth(results, Workload.ByConnections, ConnectionsPeers, workload => workload.Connections.ToString("N0", CultureInfo.InvariantCulture)));
        yield return ("sizes", Tables.Growth(results, Workload.BySize, Workload.GrowthPeers, workload => Workload.FormatSize(workload.Size)));
        yield return ("threads", Workload.ByThreads.Any(workload => results.Find(workload) is not null)
            ? $"{Tables.Threads(results)}\n![Cost by socket threads](performance/threads.svg)"
            : NothingYet);
        yield return ("capacity", Tables.Capacity(results));
    }

    private static IEnumerable<(string Name, string Svg)> Charts(BenchResults results)
    {
        var groups = new List<(string, IReadOnlyList<Chart.Bar>)>();
        foreach (var workload in new[] { Workload.Closed64, Workload.Closed1000, Workload.Stream })
        {
            if (results.Find(workload) is { } result)
            {
                groups.Add((workload.Title, CpuBars(workload, result)));
            }
        }
        if (groups.Count > 0)
        {
            yield return ("cpu", Chart.Bars($"Server CPU time per message or MiB, as a multiple of {Peer.Epoll.Title}", groups));
        }

        if (results.Find(Workload.Idle) is { } idle)
        {
            yield return ("memory", Chart.Bars("Resident KiB per idle connection", [(Workload.Idle.Title, MemoryBars(idle))]));
        }

        if (GrowthLines(results, Workload.ByConnections, ConnectionsPeers, workload => workload.Connections) is { Count: > 0 } connections)
        {
            yield return ("connections", Chart.Lines("Cost of a 64 B message by connections", "server CPU, µs per message", connections,
                [.. Workload.ByConnections.Select(workload => ((double)workload.Connections, ShortCount(workload.Connections)))]));
        }
        if (GrowthLines(results, Workload.BySize, Workload.GrowthPeers, workload => workload.Size) is { Count: > 0 } sizes)
        {
            yield return ("sizes", Chart.Lines("Cost of a message by its size, 64 connections", "server CPU, µs per message", sizes,
                [.. Workload.BySize.Select(workload => ((double)workload.Size, Workload.FormatSize(workload.Size)))]));
        }
        if (ThreadLines(results) is { Count: > 0 } threads)
        {
            yield return ("threads", Chart.Lines("Cost of a 64 B message by socket threads, 64 and 1,000 connections", "server CPU, µs per message", threads,
                [.. Workload.ByThreads.Select(workload => workload.Threads).Distinct().Select(count => ((double)count, $"{count}"))]));
        }
    }

    private static List<Chart.Line> ThreadLines(BenchResults results) =>
        [.. from line in Workload.ByThreads.GroupBy(workload => workload.Connections)
            from peer in line.First().Peers
            let points = (
                from workload in line
                let cost = results.Find(workload)?.Of(peer, slice => slice.CpuMicros)
                where cost is not null
                select new Chart.Point(workload.Threads, cost.Median)).ToList()
            where points.Count > 0
            select new Chart.Line($"{(peer == Peer.Service ? "service" : "C epoll")}, {line.Key:N0}", points)];

    private static List<Chart.Bar> CpuBars(Workload workload, WorkloadResult result) =>
        [.. from peer in workload.Peers
            let ratio = result.Ratio(peer, Peer.Epoll, slice => slice.CpuMicros)
            where ratio is not null
            select new Chart.Bar(peer.Title, ratio.Median, ratio.Median.ToString("0.00", CultureInfo.InvariantCulture), peer == Peer.Service)];

    private static List<Chart.Bar> MemoryBars(WorkloadResult result) =>
        [.. from peer in Workload.Idle.Peers
            let bytes = result.Of(peer, slice => slice.BytesPerConnection)
            where bytes is not null
            let kib = Math.Max(0, bytes.Median / 1024)
            select new Chart.Bar(peer.Title, kib, kib.ToString("0.0", CultureInfo.InvariantCulture), peer == Peer.Service)];

    private static List<Chart.Line> GrowthLines(BenchResults results, IReadOnlyList<Workload> workloads, IReadOnlyList<Peer> peers, Func<Workload, double> x) =>
        [.. from peer in peers
            let points = (
                from workload in workloads
                let cost = results.Find(workload)?.Of(peer, slice => slice.CpuMicros)
                where cost is not null
                select new Chart.Point(x(workload), cost.Median)).ToList()
            where points.Count > 0
            select new Chart.Line(peer.Title, points)];

    private static string ShortCount(int count) =>
        count >= 1_000 ? string.Create(CultureInfo.InvariantCulture, $"{count / 1_000}k") : count.ToString(CultureInfo.InvariantCulture);

    private static string Provenance(BenchResults results)
    {
        var lines = new StringBuilder();
        var groups = results.Workloads.GroupBy(entry => (entry.Value.Machine, entry.Value.Commit, entry.Value.Program)).ToList();
        if (groups.Count > 1)
        {
            lines.AppendLine($"Measured in {groups.Count} parts, which differ in revision, in program or in machine; figures compare within a part.\n");
        }

        foreach (var group in groups)
        {
            var days = group.Select(entry => entry.Value.MeasuredAt.UtcDateTime.Date).Distinct().Order().Select(day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture));
            lines.AppendLine($"- {string.Join(", ", days)}, revision `{group.Key.Commit}`, the service as {group.Key.Program}, {group.Key.Machine}: {string.Join(", ", group.Select(entry => entry.Key))}");
        }

        return lines.ToString();
    }

    private static string Replace(string page, string name, string content)
    {
        var (opening, closing) = ($"<!-- bench:{name} -->\n", $"<!-- /bench:{name} -->");
        var start = page.IndexOf(opening, StringComparison.Ordinal);
        var end = page.IndexOf(closing, StringComparison.Ordinal);
        if (start < 0 || end < start)
        {
            throw new BenchException($"docs/performance.md has no part between {opening.Trim()} and {closing}");
        }

        return page[..(start + opening.Length)] + content.TrimEnd() + "\n" + page[end..];
    }
}
