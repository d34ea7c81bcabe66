using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>Buffers grow for the busy, and no connection holds more than a small one while it waits.</summary>
public sealed class BufferTests : ServiceTests
{
    private const int Small = 1024;

    [Fact]
    public async Task ABusyConnectionBorrowsALargeBufferAndGivesItBack()
    {
        var host = await StartAsync();
        using var client = await host.ConnectAsync();
        await client.EchoAsync(1);
        host.Server.Buffers.BytesInUse.ShouldBe(Small);

        using var stop = new CancellationTokenSource();
        var sending = client.SendUntilAsync(stop.Token);
        await host.WaitForAsync(stats => stats.BufferBytesInUse == Small + 65_536);
        await stop.CancelAsync();
        await sending;
        await client.ReceiveAsync(client.Sent - client.Received);
        await host.WaitForAsync(stats => stats.BufferBytesInUse == Small);

        // And once more: it has not lost the way to a large one.
        await client.EchoAsync(10 << 20);
        await host.WaitForAsync(stats => stats.BufferBytesInUse == Small);
        await client.FinishAsync();
    }

    [Fact]
    public async Task BurstsLeaveNoLargeBufferBehind()
    {
        // An event may tell of bytes that were read before it was looked at, and there is nothing to read then.
        var host = await StartAsync();
        using var client = await host.ConnectAsync();
        var random = new Random(1);
        for (var round = 0; round < 150; round++)
        {
            var size = random.Next(2000, 700_000);
            var sending = SendAsync(client.Sent + size);
            await client.ReceiveAsync(size);
            await sending;
            await Eventually.TrueAsync(() => host.Server.Buffers.BytesInUse == Small, TimeSpan.FromSeconds(10));
        }

        await client.FinishAsync();

        async Task SendAsync(long end)
        {
            while (client.Sent < end)
            {
                await client.SendAsync(Math.Min(random.Next(1, 60_000), end - client.Sent));
            }
        }
    }

    [Theory]
    [InlineData(Small)]
    [InlineData(65_536)]
    [InlineData(Small + 65_536)]
    [InlineData(Small - 1)]
    [InlineData(Small + 1)]
    [InlineData(300_000)]
    public async Task ConnectionsThatGoQuietAfterAMessageHoldTheSmallBufferAlone(int size)
    {
        const int Count = 20;
        var host = await StartAsync();
        var clients = await host.ConnectAllAsync(Count);
        foreach (var client in clients)
        {
            // The last one fills whatever buffer it was read into, or just does not.
            await client.EchoAsync(size);
        }

        await host.WaitForAsync(stats => stats.BufferBytesInUse == Count * Small, TimeSpan.FromSeconds(10));
        foreach (var client in clients)
        {
            await client.FinishAsync();
            client.Dispose();
        }
    }

    [Fact]
    public async Task ThereIsNoLargeBufferWhereTheLargestIsTheSmallest()
    {
        var host = await StartAsync("Echo:ReceiveBufferSize=4096", "Echo:MaxReceiveBufferSize=4096");
        using var client = await host.ConnectAsync();
        using var stop = new CancellationTokenSource();
        var sending = client.SendUntilAsync(stop.Token);
        await client.ReceiveAsync(10 << 20);
        host.Server.Buffers.BytesInUse.ShouldBe(4096);
        await stop.CancelAsync();
        await sending;
        await client.FinishAsync();
    }

    [Fact]
    public async Task EventArgsAreMadeOnDemandAndReused()
    {
        var host = await StartAsync("Echo:MaxConnections=50");
        for (var round = 0; round < 20; round++)
        {
            foreach (var client in await host.ConnectAllAsync(10))
            {
                await client.EchoAsync(10);
                await client.FinishAsync();
                client.Dispose();
            }

            await host.WaitForAsync(stats => stats.Active == 0);
        }

        var stats = await host.GetStatsAsync();
        stats.Accepted.ShouldBe(200);
        stats.EventArgsCapacity.ShouldBe(50);
        stats.EventArgsCreated.ShouldBe(10);
    }
}
