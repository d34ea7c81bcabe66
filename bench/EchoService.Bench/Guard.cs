namespace EchoService.Bench;

/// <summary>
/// The short run for CI. It fails on gross loss only: shared machines are noisy, and a bound that cries
/// wolf is soon switched off. It also measures a server that is as bad as the guard must notice, and
/// fails when it does not.
/// </summary>
internal sealed class Guard(BenchOptions options)
{
    private const double MostCpuRatio = 2;
    private const double AllocationSeconds = 4;

    /// <summary>
    /// A third of the smallest object there is. The scrape's own share of a message goes down with their number,
    /// which is small where the machine is slow.
    /// </summary>
    private const double MostAllocated = 8;

    public async Task<bool> RunAsync(CancellationToken cancellationToken)
    {
        var run = new BenchRun(options);
        var program = ServiceProgram.Of(options);
        Console.WriteLine($"{Peer.Service.Title}: {program}; {Peer.ServiceJit.Title}: {ServiceProgram.Jit}");
        var measured = new WorkloadResult(DateTimeOffset.UtcNow, "", "", program, await run.MeasureAsync(
            Workload.Closed64, [Peer.Epoll, Peer.Service, Peer.ServiceJit, Peer.Degraded], cancellationToken));

        var service = await FindFaultsAsync(measured, Peer.Service, cancellationToken);
        service.AddRange(await FindFaultsAsync(measured, Peer.ServiceJit, cancellationToken));
        var degraded = await FindFaultsAsync(measured, Peer.Degraded, cancellationToken);
        if (program != ServiceProgram.Native)
        {
            service.Add($"{Peer.Service.Title} is {program}, so nobody guarded the native program");
        }

        foreach (var fault in service)
        {
            Console.Error.WriteLine($"FAILED  {fault}");
        }

        if (degraded.Count < 2)
        {
            Console.Error.WriteLine("FAILED  the guard saw less than both faults of the degraded server, so it guards nothing");
        }

        return service.Count == 0 && degraded.Count == 2;
    }

    private async Task<List<string>> FindFaultsAsync(WorkloadResult measured, Peer peer, CancellationToken cancellationToken)
    {
        var faults = new List<string>();
        var cpu = measured.Ratio(peer, Peer.Epoll, slice => slice.CpuMicros)?.Median;
        Console.WriteLine($"{peer.Title}: {cpu:0.00} × the CPU time per message of {Peer.Epoll.Title} (limit {MostCpuRatio:0.00})");
        if (cpu is null)
        {
            faults.Add($"{peer.Title}: {measured.SlicesOf(peer).Select(slice => slice.Error).FirstOrDefault(error => error is not null)}");
        }
        else if (cpu > MostCpuRatio)
        {
            faults.Add($"{peer.Title} takes {cpu:0.00} × the CPU time per message of {Peer.Epoll.Title}");
        }

        using var server = await ServerProcess.StartAsync(options, peer, Workload.Closed64, cancellationToken);
        var slice = await new AllocationMeter(new LoadGenerator(options)).MeasureAsync(server, AllocationSeconds, cancellationToken);
        Console.WriteLine($"{peer.Title}: {slice.AllocatedPerMessage:0.000} bytes allocated per message over {slice.Messages:N0} messages {slice.Error}");
        if (slice.Error is not null)
        {
            faults.Add($"{peer.Title}: {slice.Error}");
        }
        else if (slice.AllocatedPerMessage > MostAllocated)
        {
            faults.Add($"{peer.Title} allocates {slice.AllocatedPerMessage:0.0} bytes per message");
        }

        return faults;
    }
}
