using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>A connection closed from outside, as its client sees it.</summary>
public sealed class KillTests(SharedService shared) : BlackBoxTests(shared)
{
    [Fact]
    public async Task GracefulIsSeenAsFin()
    {
        var before = await Service.GetStatsAsync();
        using var client = await Service.ConnectAsync();
        await client.EchoAsync(1000);
        await Service.KillNewestAsync("graceful");
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        client.Received.ShouldBe(1000);
        client.ShutdownSend();
        await Service.WaitForAsync(stats => stats.Closed["admin"] == before.Closed["admin"] + 1);
    }

    [Fact]
    public async Task ResetIsSeenAsReset()
    {
        var before = await Service.GetStatsAsync();
        using var client = await Service.ConnectAsync();
        await client.EchoAsync(1000);
        await Service.KillNewestAsync("reset");
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Reset);
        await Service.WaitForAsync(stats => stats.Closed["admin"] == before.Closed["admin"] + 1);
    }

    [Fact]
    public async Task GracefulInAStreamGivesAnExactPrefixAndNoReset()
    {
        for (var round = 0; round < 20; round++)
        {
            using var client = await Service.ConnectAsync(round);
            using var stop = new CancellationTokenSource();
            var sending = client.SendUntilAsync(stop.Token);
            await client.ReceiveAsync(1 + (round * 100_000));
            await Service.KillNewestAsync("graceful");

            // ReceiveToEndAsync checks each byte. The client is still sending while it reads, and after it.
            (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
            var sentAtFin = client.Sent;
            await Eventually.TrueAsync(() => client.Sent > sentAtFin);
            await stop.CancelAsync();
            await sending;
            client.ShutdownSend();
            (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
            await Service.WaitForAsync(stats => stats.Active == 0);
        }
    }

    [Fact]
    public async Task GracefulWaitsForASlowReaderToTakeWhatWasRead()
    {
        using var client = await ConnectAndFillAsync();
        await Service.KillNewestAsync("graceful");
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
    }

    [Fact]
    public async Task ResetDoesNotWaitForASlowReaderAndGivesAnExactPrefix()
    {
        BytesAreCut = true;
        using var client = await ConnectAndFillAsync();
        await Service.KillNewestAsync("reset");
        await Service.WaitForAsync(stats => stats.Active == 0);
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Reset);
        client.Received.ShouldBeLessThan(client.Sent);
    }

    [Fact]
    public async Task ResetInAStreamGivesAnExactPrefix()
    {
        BytesAreCut = true;
        for (var round = 0; round < 50; round++)
        {
            using var client = await Service.ConnectAsync(round);
            var sending = client.SendUntilAsync(CancellationToken.None);
            await client.ReceiveAsync(1 + (round * 50_000));
            await Service.KillNewestAsync("reset");
            // The reset is told once, to the direction that asks first; the other sees the end of the stream.
            await client.ReceiveToEndAsync();
            await sending;
            await Service.WaitForAsync(stats => stats.Active == 0);
        }
    }

    [Fact]
    public async Task OneKillLeavesTheOthersAlone()
    {
        var others = await Service.ConnectAllAsync(20);
        using (var client = await Service.ConnectAsync())
        {
            await client.EchoAsync(1);
            await Service.KillNewestAsync("reset");
            (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Reset);
        }

        foreach (var other in others)
        {
            await other.EchoAsync(5000);
            await other.FinishAsync();
            other.Dispose();
        }
    }

    /// <summary>A client that has sent as much as fits and read nothing, so that the service waits in a send.</summary>
    private async Task<EchoClient> ConnectAndFillAsync()
    {
        var client = await Service.ConnectAsync(receiveBufferSize: 4096);
        using var stop = new CancellationTokenSource();
        var sending = client.SendUntilAsync(stop.Token);
        var (last, unchanged) = (-1L, 0);
        await Eventually.TrueAsync(async () =>
        {
            var pending = (await Service.GetNewestAsync()).GetProperty("pendingBytes").GetInt64();
            unchanged = pending > 0 && client.Sent == last ? unchanged + 1 : 0;
            last = client.Sent;
            return unchanged == 10;
        });
        await stop.CancelAsync();
        await sending;
        return client;
    }
}
