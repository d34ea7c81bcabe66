using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>A connection has a buffer of its own only while its client does not keep up.</summary>
public sealed class BufferTests : ServiceTests
{
    private const int Small = 1024;
    private const int Large = 65_536;

    [Fact]
    public async Task AClientThatDoesNotReadCostsALargeBufferUntilItDoes()
    {
        var host = await StartAsync();
        using var client = await host.ConnectAsync();
        await client.EchoAsync(1);
        host.Server.Buffers.BytesInUse.ShouldBe(0);

        // And more than once: it is lent again as often as it is needed.
        for (var round = 0; round < 3; round++)
        {
            using var stop = new CancellationTokenSource();
            var sending = client.SendUntilAsync(stop.Token);
            await host.WaitForAsync(stats => stats.BufferBytesInUse is > 0 and <= Large);
            await stop.CancelAsync();
            await sending;
            await client.ReceiveAsync(client.Sent - client.Received);
            await host.WaitForAsync(stats => stats.BufferBytesInUse == 0);
        }

        await client.FinishAsync();
    }

    [Fact]
    public async Task BurstsLeaveNoBufferBehind()
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
            await Eventually.TrueAsync(() => host.Server.Buffers.BytesInUse == 0, TimeSpan.FromSeconds(10));
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
    [InlineData(Large)]
    [InlineData(Small + Large)]
    [InlineData(Large - 1)]
    [InlineData(300_000)]
    public async Task ConnectionsThatGoQuietAfterAMessageHoldNone(int size)
    {
        const int Count = 20;
        var host = await StartAsync();
        var clients = await host.ConnectAllAsync(Count);
        foreach (var client in clients)
        {
            // The last one fills whatever buffer it was read into, or just does not.
            await client.EchoAsync(size);
        }

        await host.WaitForAsync(stats => stats.BufferBytesInUse == 0, TimeSpan.FromSeconds(10));
        // What is reserved is the threads' own, and what a client that did not keep up at times has left for the next.
        (await host.GetStatsAsync()).BufferBytesReserved.ShouldBeGreaterThan(0);
        foreach (var client in clients)
        {
            await client.FinishAsync();
            client.Dispose();
        }
    }

    [Fact]
    public async Task NoMoreIsReadAtATimeThanTheLargestHolds()
    {
        BytesAreCut = true;
        var host = await StartAsync("Echo:ReceiveBufferSize=4096", "Echo:MaxReceiveBufferSize=4096");
        using var client = await host.ConnectAsync(receiveBufferSize: 4096);
        using var stop = new CancellationTokenSource();
        var sending = client.SendUntilAsync(stop.Token);
        var stats = await host.WaitForAsync(stats => stats.BufferBytesInUse > 0);
        stats.BufferBytesInUse.ShouldBe(4096);
        (await host.WaitForAsync(stats => stats.BytesUnsent > 0)).BytesUnsent.ShouldBeLessThanOrEqualTo(4096);
        await stop.CancelAsync();
        await sending;
        client.Reset();
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
