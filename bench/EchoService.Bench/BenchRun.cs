using System.Runtime.CompilerServices;

namespace EchoService.Bench;

/// <summary>
/// Runs workloads one after the other. Within one, all servers are started and then loaded in turn,
/// slice by slice, so that a change of the machine's mood meets them all; ratios are taken within a round.
/// </summary>
internal sealed class BenchRun(BenchOptions options)
{
    /// <summary>The guard looks for gross loss alone and has little time.</summary>
    private const double QuickWarmup = 2.5;

    /// <summary>Before each window: caches, and connections that the ramp left in step.</summary>
    private const double Warmup = 0.3;

    private readonly LoadGenerator _load = new(options);

    public async IAsyncEnumerable<(Workload, WorkloadResult)> RunAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var commit = await Machine.CommitAsync(options.Root, cancellationToken);
        foreach (var workload in options.Workloads)
        {
            var peers = PeersOf(workload);
            if (peers.Count == 0)
            {
                continue;
            }

            Console.WriteLine($"{workload.Name}: {string.Join(", ", peers.Select(peer => peer.Name))}");
            var slices = await MeasureAsync(workload, peers, cancellationToken);
            yield return (workload, new WorkloadResult(DateTimeOffset.UtcNow, commit, $"{Machine.Describe()}, the service {Program()}", slices));
        }
    }

    /// <summary>Which of its two forms the program has that stands for the service: a JIT's is an assembly beside its host.</summary>
    private string Program() => File.Exists(Path.Combine(options.BinaryPath, Path.ChangeExtension(Peer.Service.Program, ".dll"))) ? "compiled as it runs" : "as native code";

    public async Task<Dictionary<string, IReadOnlyList<Slice>>> MeasureAsync(
        Workload workload, IReadOnlyList<Peer> peers, CancellationToken cancellationToken)
    {
        var slices = peers.ToDictionary(peer => peer.Name, _ => new List<Slice>());
        for (var pass = 0; pass < options.Passes; pass++)
        {
            await MeasurePassAsync(workload, peers, slices, cancellationToken);
        }
        return slices.ToDictionary(entry => entry.Key, entry => (IReadOnlyList<Slice>)entry.Value);
    }

    private async Task MeasurePassAsync(
        Workload workload, IReadOnlyList<Peer> peers, Dictionary<string, List<Slice>> slices, CancellationToken cancellationToken)
    {
        // Memory is that of a fresh process; a second round would measure what the first left behind.
        var rounds = workload.Mode == "idle" ? 1 : options.Rounds;
        var servers = new Dictionary<Peer, ServerProcess>();
        try
        {
            for (var round = 0; round < rounds; round++)
            {
                foreach (var peer in peers)
                {
                    if (servers.GetValueOrDefault(peer) is not { HasExited: false } server)
                    {
                        servers.Remove(peer, out var crashed);
                        crashed?.Dispose();
                        servers[peer] = server = await ServerProcess.StartAsync(options, peer, ExtraArguments(peer, workload), cancellationToken);
                        if (workload.Mode != "idle")
                        {
                            await LoadAsync(workload, peer, server, TimeSpan.FromMilliseconds(50), options.Quick ? Math.Min(peer.Warmup, QuickWarmup) : peer.Warmup, seconds: 0.1, cancellationToken);
                        }
                    }
                    var slice = await MeasureSliceAsync(workload, peer, server, cancellationToken);
                    slices[peer.Name].Add(slice);
                    Console.WriteLine($"  {peer.Name,-15} {Tables.Brief(workload, slice)}");
                }
            }
        }
        finally
        {
            foreach (var server in servers.Values)
            {
                server.Dispose();
            }
        }
    }

    private async Task<Slice> MeasureSliceAsync(
        Workload workload, Peer peer, ServerProcess server, CancellationToken cancellationToken)
    {
        var seconds = Math.Max(options.Seconds, workload.LeastSeconds);
        if (server.HasExited)
        {
            return new Slice { Error = server.Complaint };
        }

        if (workload == Workload.Allocations)
        {
            return await new AllocationMeter(_load).MeasureAsync(server, seconds, cancellationToken);
        }

        return await LoadAsync(workload, peer, server, TimeSpan.FromSeconds(1), Warmup, seconds, cancellationToken);
    }

    /// <summary>Loads a server and, if the peer is a polled one, reads its management pages meanwhile.</summary>
    private async Task<Slice> LoadAsync(
        Workload workload, Peer peer, ServerProcess server, TimeSpan pollInterval, double warmup, double seconds, CancellationToken cancellationToken)
    {
        if (!peer.Polled)
        {
            return await _load.RunAsync(workload, server, warmup, seconds, cancellationToken);
        }

        using var poller = new Poller(server.ManagementPort, pollInterval);
        var slice = await _load.RunAsync(workload, server, warmup, seconds, cancellationToken);
        return await poller.StopAsync() is { } problem ? new Slice { Error = problem } : slice;
    }

    /// <summary>
    /// The service's limit of 10,000 connections is a default that protects, as is UDP being off and limited by rate;
    /// a workload that needs more raises it, as its operator would. Nothing else is ever changed.
    /// </summary>
    private static string ExtraArguments(Peer peer, Workload workload) =>
        peer.Arguments != Peer.Service.Arguments ? ""
        : workload.Mode == "udp" ? "--Echo:Udp:Enabled=true --Echo:Udp:RatePerSource=1000000"
        : workload.Connections > 10_000 ? "--Echo:MaxConnections=20000"
        : "";

    private IReadOnlyList<Peer> PeersOf(Workload workload) => options.Peers is { } chosen
        ? [.. chosen.Where(workload.Takes)]
        : workload.Peers;
}
