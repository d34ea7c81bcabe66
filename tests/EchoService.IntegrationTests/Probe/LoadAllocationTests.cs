namespace EchoService.IntegrationTests.Probe;

/// <summary>Allocation is counted for the whole process, so nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(LoadAllocationTests), DisableParallelization = true)]
[Collection(nameof(LoadAllocationTests))]
public sealed class LoadAllocationTests
{
    /// <summary>Bytes: a task or a boxed state machine would be 100 and more; samples and timers of the run are a few.</summary>
    private const double Limit = 16;

    [Fact]
    public async Task MessageCostsNoAllocation()
    {
        await using var server = LoopbackServer.Start(c => c.EchoAsync());

        // What a run costs however long it is, and what the runtime allocates while methods are being compiled, cancels out.
        await MeasureAsync(server.Port, milliseconds: 500);
        // On a machine that others use, a piece may be read while the runtime still gives back what the last one was read
        // with, which makes it take another; what a message costs is in every measurement.
        var perMessage = double.MaxValue;
        for (var i = 0; i < 3 && perMessage >= Limit; i++)
        {
            var (shortBytes, shortMessages) = await MeasureAsync(server.Port, milliseconds: 200);
            var (longBytes, longMessages) = await MeasureAsync(server.Port, milliseconds: 1700);
            perMessage = Math.Min(perMessage, (longBytes - shortBytes) / (double)(longMessages - shortMessages));
        }

        perMessage.ShouldBeLessThan(Limit);
    }

    private static async Task<(long Bytes, long Messages)> MeasureAsync(int port, int milliseconds)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var report = await ProbeRuns.RunAsync(ProbeRuns.Load(port) with { Duration = TimeSpan.FromMilliseconds(milliseconds) });
        return (GC.GetTotalAllocatedBytes(precise: true) - before, report.Messages.Answered);
    }
}
