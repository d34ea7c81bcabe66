using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO.Enumeration;
using static EchoService.Diagnostics.Metrics.MetricKind;

namespace EchoService.Diagnostics.Metrics;

/// <summary>
/// The process and the runtime under the names that prometheus-net gives them, and bytes allocated, which it leaves out.
/// For the scrape alone: push has the runtime's own meter.
/// </summary>
/// <remarks>
/// The library's own reading (<c>DotNetStats</c>) looks at every descriptor to count them, which took 70 ms of processor
/// time a scrape with 10,000 connections, and keeps all of its last values where one fails.
/// </remarks>
internal static class ProcessMetrics
{
    public static IReadOnlyList<Metric> Declare()
    {
        var process = Process.GetCurrentProcess();
        var startedAt = (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
        return
        [
            Metric.One(Gauge, "process.working_set", "By", "Process working set", OrLast(() =>
            {
                // For this and those below; they are read in this order, by one scrape at a time.
                process.Refresh();
                return process.WorkingSet64;
            })),
            Metric.One(Gauge, "process.private_memory", "By", "Process private memory size", OrLast(() => process.PrivateMemorySize64)),
            Metric.One(Gauge, "process.virtual_memory", "By", "Virtual memory size in bytes.", OrLast(() => process.VirtualMemorySize64)),
            Metric.One(Gauge, "process.num_threads", null, "Total number of threads", OrLast(() => process.Threads.Count)),
            Metric.One(Gauge, "process.open_handles", null, "Number of open handles", OrLast(() => CountDescriptors() is > 0 and var count ? count : process.HandleCount)),
            Metric.One(Gauge, "process.start_time", "s", "Start time of the process since unix epoch in seconds.", () => startedAt),
            Metric.One(Counter, "process.cpu", "s", "Total user and system CPU time spent in seconds.", static () => Environment.CpuUsage.TotalTime.TotalSeconds),
            new Metric(Counter, "dotnet.collection_count", null, "GC collection count", ["generation"], [.. Enumerable.Range(0, GC.MaxGeneration + 1).Select(
                generation => new MetricSeries([generation.ToString(CultureInfo.InvariantCulture)], () => GC.CollectionCount(generation)))]),
            Metric.One(Gauge, "dotnet.total_memory", "By", "Total known allocated memory", static () => GC.GetTotalMemory(forceFullCollection: false)),
            Metric.One(Counter, "dotnet.gc.heap.total_allocated", "By", "Bytes allocated on the managed heap since the process started.", static () => GC.GetTotalAllocatedBytes()),
        ];
    }

    /// <summary>
    /// The last reading where there can be no new one: each opens a file, and the scrape that finds no descriptor left for
    /// it is the one that somebody waits for.
    /// </summary>
    private static Func<double> OrLast(Func<double> read)
    {
        var last = read();
        return () =>
        {
            try
            {
                last = read();
            }
            catch (Exception exception) when (exception is IOException or Win32Exception or InvalidOperationException or UnauthorizedAccessException)
            {
                // As it was.
            }

            return last;
        };
    }

    /// <summary>Linux says how many there are as the size of their folder since 6.2; 0 where it does not.</summary>
    private static long CountDescriptors() => !OperatingSystem.IsLinux() ? 0 :
        new FileSystemEnumerable<long>("/proc/self/", static (ref FileSystemEntry entry) => entry.Length)
        {
            ShouldIncludePredicate = static (ref FileSystemEntry entry) => entry.FileName is "fd",
        }.FirstOrDefault();
}
