using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>Clients that vanish, keep silent or do not read cost their share, and nobody else's.</summary>
public sealed class MisbehavedClientTests(SharedService shared) : BlackBoxTests(shared)
{
    [Fact]
    public async Task SurvivesResetsInTheMiddleOfMessages()
    {
        BytesAreCut = true;
        var before = await Service.GetStatsAsync();
        using var other = await Service.ConnectAsync();
        for (var i = 0; i < 200; i++)
        {
            var client = await Service.ConnectAsync(i);
            // Of some the echo has been read in part, of others not at all.
            await client.SendAsync(1 + (i * 500));
            if (i % 2 == 0)
            {
                await client.ReceiveSomeAsync(1 + (i * 100));
            }

            client.Reset();
            await other.EchoAsync(10);
        }

        await other.FinishAsync();
        var after = await Service.WaitForAsync(stats => stats.Active == 0);
        (after.Closed["clientReset"] - before.Closed["clientReset"]).ShouldBe(200);
        (after.Closed["clientFin"] - before.Closed["clientFin"]).ShouldBe(1);
    }

    [Fact]
    public async Task AReaderThatNeverReadsCostsOneBuffer()
    {
        BytesAreCut = true;
        const int Count = 50;
        using var other = await Service.ConnectAsync();
        await other.EchoAsync(10);
        var idle = (await Service.GetStatsAsync()).BufferBytesInUse;
        var clients = await Service.ConnectAllAsync(Count);
        using var stop = new CancellationTokenSource();
        var sending = Task.WhenAll(clients.Select(client => client.SendUntilAsync(stop.Token)));

        // All are stuck when nothing has moved for a while, though every one of them still tries to send.
        var (last, unchanged) = (-1L, 0);
        await Service.WaitForAsync(stats =>
        {
            unchanged = stats.BytesReceived == last && stats.BytesUnsent > 0 ? unchanged + 1 : 0;
            last = stats.BytesReceived;
            return unchanged == 10;
        });
        await VerifyMemoryAsync();
        for (var i = 0; i < 100; i++)
        {
            await other.EchoAsync(1000);
        }

        await VerifyMemoryAsync();
        foreach (var client in clients)
        {
            client.Reset();
        }

        await sending;
        await other.FinishAsync();

        async Task VerifyMemoryAsync() =>
            ((await Service.GetStatsAsync()).BufferBytesInUse - idle).ShouldBeInRange(1024, Count * 65_536);
    }

    [Fact]
    public async Task ASilentClientStaysAndHoldsNoBuffer()
    {
        var before = await Service.GetStatsAsync();
        var silent = await Service.ConnectAllAsync(100);
        using var other = await Service.ConnectAsync();
        await other.EchoAsync(100);
        var during = await Service.GetStatsAsync();
        during.Active.ShouldBe(101);
        during.EventArgsInUse.ShouldBe(101);
        during.BufferBytesInUse.ShouldBe(0);
        await other.FinishAsync();
        foreach (var client in silent)
        {
            await client.EchoAsync(1);
            await client.FinishAsync();
            client.Dispose();
        }

        var after = await Service.WaitForAsync(stats => stats.Active == 0);
        (after.Closed["clientFin"] - before.Closed["clientFin"]).ShouldBe(101);
    }

    [Fact]
    public async Task TwentyThousandThatConnectAndCloseLeaveNothing()
    {
        const int Count = 20_000;
        var before = await Service.GetStatsAsync();
        var turn = 0;
        var accepted = 0L;
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => ConnectAndCloseAsync()));
        var after = await Service.WaitForAsync(stats => stats.Active == 0 && stats.Accepted - before.Accepted >= Count);
        (after.Accepted - before.Accepted).ShouldBe(Count);
        (after.ClosedTotal - before.ClosedTotal).ShouldBe(Count);
        // A leak of one small buffer each would be 20 MB.
        (after.BufferBytesReserved - before.BufferBytesReserved).ShouldBeLessThan(Count * 1024 / 4);

        async Task ConnectAndCloseAsync()
        {
            for (int mine; (mine = Interlocked.Increment(ref turn)) <= Count;)
            {
                // A client that is reset while the backlog is full was never there, as far as the service can know.
                if (mine - Volatile.Read(ref accepted) > 256)
                {
                    var stats = await Service.WaitForAsync(stats => mine - (stats.Accepted - before.Accepted) <= 256);
                    Volatile.Write(ref accepted, stats.Accepted - before.Accepted);
                }

                var client = await Service.ConnectAsync();
                if (mine % 4 == 0)
                {
                    client.Dispose();
                }
                else
                {
                    // By reset, which leaves no TIME_WAIT behind: the ports of one address do not last for 20,000.
                    client.Reset();
                }
            }
        }
    }
}
