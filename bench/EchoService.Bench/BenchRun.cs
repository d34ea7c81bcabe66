using System.Runtime.CompilerServices;

namespace EchoService.Bench;

/// <summary>
/// Runs workloads one after the other. Within one, all servers are started and then loaded in turn,
/// slice by slice, so that a change of the machine's mood meets them all; ratios are taken within a round.
/// Whose turn it is not stands still.
/// </summary>
internal sealed class BenchRun(BenchOptions options)
{
    /// <summary>The guard looks for gross loss alone and has little time.</summary>
    private const double QuickWarmup = 2.5;

    /// <summary>Before each window: caches, and connections that the ramp left in step.</summary>
    private const double Warmup = 0.3;

    /// <summary>Until a peer takes connections, on average.</summary>
    private const double StartSeconds = 0.3;

    /// <summary>To start the load generator, and to open a connection and have its last echo back.</summary>
    private const double LoadSeconds = 0.1;
    private const double ConnectionSeconds = 100e-6;

    /// <summary>Until a server has closed its connections and stands still.</summary>
    private const double PauseSeconds = 0.04;

    /// <summary>Until resident memory stands still, twice.</summary>
    private const double SettleSeconds = 2;

    private readonly LoadGenerator _load = new(options);

    /// <summary>About how long <see cref="RunAsync"/> will take.</summary>
    public TimeSpan Estimate() => TimeSpan.FromSeconds(options.Workloads.Sum(Estimate));

    public async IAsyncEnumerable<(Workload, WorkloadResult)> RunAsync(
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var program = ServiceProgram.Of(options);
        var commit = await Machine.CommitAsync(options.Root, cancellationToken);
        foreach (var workload in options.Workloads)
        {
            var peers = PeersOf(workload);
            if (peers.Count == 0)
            {
                continue;
            }

            Console.WriteLine($"{workload.Name}: {string.Join(", ", peers.Select(peer => peer.Name))}; the service as {program}");
            var slices = await MeasureAsync(workload, peers, cancellationToken);
            yield return (workload, new WorkloadResult(DateTimeOffset.UtcNow, commit, Machine.Describe(), program, slices));
        }
    }

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
        var servers = new Dictionary<Peer, ServerProcess>();
        try
        {
            var (load, problem) = workload.Mode == "open"
                ? await AtHalfRateAsync(workload, servers, cancellationToken)
                : (workload, null);
            for (var round = 0; round < Rounds(workload); round++)
            {
                foreach (var peer in peers)
                {
                    var server = await ServerOfAsync(workload, peer, servers, cancellationToken);
                    var slice = problem ?? await MeasureSliceAsync(load, peer, server, cancellationToken);
                    await server.PauseAsync(cancellationToken);
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

    /// <summary>What a server has left behind is no part of these figures, or they are counts that say nothing new a second time.</summary>
    private int Rounds(Workload workload) => workload.Mode == "idle" || workload == Workload.Allocations ? 1 : options.Rounds;

    /// <summary>The peer's server of this pass, warm and running; another one when it has crashed.</summary>
    private async Task<ServerProcess> ServerOfAsync(
        Workload workload, Peer peer, Dictionary<Peer, ServerProcess> servers, CancellationToken cancellationToken)
    {
        if (servers.GetValueOrDefault(peer) is { HasExited: false } running)
        {
            running.Resume();
            return running;
        }

        servers.Remove(peer, out var crashed);
        crashed?.Dispose();
        var server = servers[peer] = await ServerProcess.StartAsync(options, peer, workload, cancellationToken);
        if (workload.Mode != "idle")
        {
            await LoadAsync(workload.AsClosedLoop(), peer, server, TimeSpan.FromMilliseconds(50), WarmupOf(peer), seconds: 0.1, cancellationToken);
        }

        return server;
    }

    private double WarmupOf(Peer peer) => options.Quick ? Math.Min(peer.Warmup, QuickWarmup) : peer.Warmup;

    /// <summary>The workload with half the rate that the C server reaches in a closed loop now, or why there is none.</summary>
    private async Task<(Workload Load, Slice? Problem)> AtHalfRateAsync(
        Workload workload, Dictionary<Peer, ServerProcess> servers, CancellationToken cancellationToken)
    {
        var server = await ServerOfAsync(workload, Peer.Epoll, servers, cancellationToken);
        var closed = await _load.RunAsync(workload.AsClosedLoop(), server, Warmup, SecondsOf(workload), cancellationToken);
        await server.PauseAsync(cancellationToken);
        if (closed.Rate is not { } most)
        {
            return (workload, closed);
        }

        Console.WriteLine($"  {Peer.Epoll.Name,-15} {Tables.Brief(workload, closed)}; closed loop, half of it is offered");
        return (workload with { Rate = Math.Round(most / 2) }, null);
    }

    private async Task<Slice> MeasureSliceAsync(
        Workload workload, Peer peer, ServerProcess server, CancellationToken cancellationToken)
    {
        var seconds = SecondsOf(workload);
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

    private double Estimate(Workload workload)
    {
        var peers = PeersOf(workload);
        var setUp = LoadSeconds + workload.Connections * ConnectionSeconds;
        var slice = workload.Mode == "idle" ? SettleSeconds : Warmup + SecondsOf(workload);
        var perPass = peers.Sum(peer => StartSeconds + (workload.Mode == "idle" ? 0 : setUp + peer.Warmup)) + Rounds(workload) * peers.Count * (setUp + slice + PauseSeconds);
        return options.Passes * (perPass + (workload.Mode == "open" ? setUp + slice : 0));
    }

    /// <summary>Length of a slice.</summary>
    private double SecondsOf(Workload workload) => Math.Max(options.Seconds, workload.LeastSeconds);

    private IReadOnlyList<Peer> PeersOf(Workload workload) => [.. (options.Peers ?? workload.Peers).Where(workload.Takes)];
}
