namespace EchoService.IntegrationTests.Probe;

/// <summary>Allocation is counted for the whole process, so nothing else may run meanwhile.</summary>
[CollectionDefinition(nameof(LoadAllocationTests), DisableParallelization = true)]
[Collection(nameof(LoadAllocationTests))]
public sealed class LoadAllocationTests
{
    [Fact]
    public async Task MessageCostsNoAllocation()
    {
        await using var server = LoopbackServer.Start(c => c.EchoAsync());

        // What a run costs however long it is, and what the runtime allocates while methods are being compiled, cancels out.
        await MeasureAsync(server.Port, milliseconds: 500);
        var (shortBytes, shortMessages) = await MeasureAsync(server.Port, milliseconds: 200);
        var (longBytes, longMessages) = await MeasureAsync(server.Port, milliseconds: 1700);

        var perMessage = (longBytes - shortBytes) / (double)(longMessages - shortMessages);
        // A task or a boxed state machine would be 100 bytes and more; samples and timers of the run are a few.
        perMessage.ShouldBeLessThan(16, $"{longBytes - shortBytes} bytes over {longMessages - shortMessages} messages");
    }

    private static async Task<(long Bytes, long Messages)> MeasureAsync(int port, int milliseconds)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var report = await ProbeRuns.RunAsync(ProbeRuns.Load(port) with { Duration = TimeSpan.FromMilliseconds(milliseconds) });
        return (GC.GetTotalAllocatedBytes(precise: true) - before, report.Messages.Answered);
    }
}
