using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Accepting;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>At <c>Echo:MaxConnections</c> clients are turned away or wait, and are let in again as soon as someone leaves.</summary>
public sealed class ConnectionLimitTests : ServiceTests
{
    [Fact]
    public async Task RejectTurnsAwayAtTheLimitAndServesBelowIt()
    {
        var host = await StartAsync("Echo:MaxConnections=2", "Echo:LimitPolicy=reject");
        for (var round = 1; round <= 5; round++)
        {
            var clients = await host.ConnectAllAsync(2);
            using (var excess = await host.ConnectAsync())
            {
                (await excess.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
            }

            (await host.GetStatsAsync()).Rejected["limit"].ShouldBe(round);
            foreach (var client in clients)
            {
                await client.EchoAsync(1000);
                await client.FinishAsync();
                client.Dispose();
            }

            await host.WaitForAsync(stats => stats.Active == 0);
        }

        var after = await host.GetStatsAsync();
        after.Accepted.ShouldBe(10);
        after.Peak.ShouldBe(2);
    }

    [Fact]
    public async Task RejectEndsAClientThatSendsAtOnceByFin()
    {
        var host = await StartAsync("Echo:MaxConnections=1", "Echo:LimitPolicy=reject");
        var first = await host.ConnectAllAsync(1);
        // More than are ended with patience at a time.
        const int Excess = 70;
        for (var i = 0; i < Excess; i++)
        {
            using var excess = await host.ConnectAsync(i);
            await excess.SendAsync(5000);
            (await excess.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
            // Not even after the FIN is it reset for what it still sends.
            await excess.SendAsync(5000);
            excess.ShutdownSend();
            excess.Socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error).ShouldBe(0);
        }

        (await host.GetStatsAsync()).Rejected["limit"].ShouldBe(Excess);
        await first[0].FinishAsync();
        first[0].Dispose();
    }

    [Fact]
    public async Task AClientThatIsTurnedAwayAndGoesOnSendingIsCutOffAfterAWhile()
    {
        var host = await StartAsync("Echo:MaxConnections=1", "Echo:LimitPolicy=reject", "Echo:CloseTimeout=00:10:00");
        var first = await host.ConnectAllAsync(1);
        using var excess = await host.ConnectAsync();
        (await excess.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        // It ends by itself, once the service takes no more of it.
        await excess.SendUntilAsync(CancellationToken.None).WaitAsync(Eventually.Deadline, TestContext.Current.CancellationToken);
        excess.Sent.ShouldBeGreaterThanOrEqualTo(65_536);
        await first[0].FinishAsync();
        first[0].Dispose();
    }

    [Fact]
    public async Task AClientThatIsTurnedAwayAndKeepsItsSideOpenIsWaitedForAsLongAsAnyOther()
    {
        var host = await StartAsync("Echo:MaxConnections=1", "Echo:LimitPolicy=reject", "Echo:CloseTimeout=00:00:00.2");
        var first = await host.ConnectAllAsync(1);
        using var excess = await host.ConnectAsync();
        (await excess.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        await Eventually.TrueAsync(() => IsResetWhenItSends(excess));
        await first[0].FinishAsync();
        first[0].Dispose();
    }

    [Fact]
    public async Task ThoseWhoAreTurnedAwayTogetherHoldNoMoreThanSoManyDescriptors()
    {
        const int Patient = 64;
        var host = await StartAsync("Echo:MaxConnections=1", "Echo:LimitPolicy=reject", "Echo:CloseTimeout=00:10:00");
        var first = await host.ConnectAllAsync(1);
        var excess = new EchoClient[(2 * Patient) + 2];
        for (var i = 0; i < excess.Length; i++)
        {
            excess[i] = await host.ConnectAsync(i);
            (await excess[i].ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        }

        excess.Count(IsResetWhenItSends).ShouldBeGreaterThanOrEqualTo(Patient + 2);
        foreach (var client in excess)
        {
            client.Dispose();
        }

        // With those gone there is patience for others again.
        await Eventually.TrueAsync(async () =>
        {
            using var late = await host.ConnectAsync();
            return await late.ReceiveToEndAsync() == StreamEnd.Fin && !IsResetWhenItSends(late);
        });
        await first[0].FinishAsync();
        first[0].Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    public async Task RejectHoldsTheLimitInARush(int pendingAccepts)
    {
        const int Limit = 5;
        var host = await StartAsync($"Echo:MaxConnections={Limit}", "Echo:LimitPolicy=reject", $"Echo:PendingAccepts={pendingAccepts}");
        var served = 0;
        await Task.WhenAll(Enumerable.Range(0, 32).Select(TryAsync));
        var after = await host.WaitForAsync(stats => stats.Accepted + stats.Rejected["limit"] == 32 * 20);
        after.Peak.ShouldBeLessThanOrEqualTo(Limit);
        after.EventArgsCreated.ShouldBeLessThanOrEqualTo(Limit);
        after.Accepted.ShouldBe(served);
        after.Rejected["limit"].ShouldBePositive();

        async Task TryAsync(int seed)
        {
            for (var i = 0; i < 20; i++)
            {
                using var client = await host.ConnectAsync(seed);
                try
                {
                    await client.EchoAsync(100);
                    await client.FinishAsync();
                    Interlocked.Increment(ref served);
                }
                catch (Exception exception) when (exception is SocketException or ShouldAssertException && client.Received == 0)
                {
                    // Turned away.
                }
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task QueueServesThoseWhoWaitInTheirOrder(int pendingAccepts)
    {
        var host = await StartAsync("Echo:MaxConnections=1", "Echo:LimitPolicy=queue", $"Echo:PendingAccepts={pendingAccepts}");
        var clients = new EchoClient[8];
        for (var i = 0; i < clients.Length; i++)
        {
            clients[i] = await host.ConnectAsync(i);
            await clients[i].SendAsync(100);
        }

        for (var i = 0; i < clients.Length; i++)
        {
            await clients[i].ReceiveAsync(100);
            // Whoever comes later has not been accepted, let alone answered.
            (await host.GetStatsAsync()).Accepted.ShouldBe(i + 1);
            clients[i + 1 == clients.Length ? i : i + 1].Socket.Available.ShouldBe(0);
            await clients[i].FinishAsync();
            clients[i].Dispose();
        }

        var after = await host.GetStatsAsync();
        after.Peak.ShouldBe(1);
        after.Rejected.Values.Sum().ShouldBe(0);
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(3, 2)]
    [InlineData(3, 8)]
    public async Task QueueServesEverybodyInARush(int limit, int pendingAccepts)
    {
        var host = await StartAsync($"Echo:MaxConnections={limit}", "Echo:LimitPolicy=queue", $"Echo:PendingAccepts={pendingAccepts}");
        await Task.WhenAll(Enumerable.Range(0, 32).Select(TalkAsync));
        var after = await host.WaitForAsync(stats => stats.Active == 0);
        after.Accepted.ShouldBe(32 * 20);
        after.Peak.ShouldBeLessThanOrEqualTo(limit);
        after.EventArgsCreated.ShouldBeLessThanOrEqualTo(limit);

        async Task TalkAsync(int seed)
        {
            for (var i = 0; i < 20; i++)
            {
                using var client = await host.ConnectAsync(seed);
                await client.EchoAsync(100);
                await client.FinishAsync();
            }
        }
    }

    [Fact]
    public async Task QueueGoesOnWhenThoseWhoWaitedGaveUp()
    {
        var host = await StartAsync("Echo:MaxConnections=1", "Echo:LimitPolicy=queue");
        var first = await host.ConnectAllAsync(1);
        for (var i = 0; i < 20; i++)
        {
            var impatient = await host.ConnectAsync(i);
            impatient.Reset();
        }

        using var patient = await host.ConnectAsync();
        await first[0].FinishAsync();
        first[0].Dispose();
        await patient.EchoAsync(1000);
        await patient.FinishAsync();
    }

    [Fact]
    public async Task QueueGoesOnWhenItListensAgain()
    {
        var host = await StartAsync("Echo:MaxConnections=1", "Echo:LimitPolicy=queue");
        using var first = await host.ConnectAsync();
        await first.EchoAsync(10);
        using var cutOff = await host.ConnectAsync();
        host.Server.StopListening();
        (await cutOff.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        host.Server.Listen();
        using var second = await host.ConnectAsync();
        await first.FinishAsync();
        await second.EchoAsync(10);
        await second.FinishAsync();
    }

    [Fact]
    public async Task AFreePlaceIsNotLostToAListenerThatIsClosed()
    {
        var host = await StartAsync("Echo:MaxConnections=1", "Echo:LimitPolicy=queue");
        using var first = await host.ConnectAsync();
        await first.EchoAsync(10);
        host.Server.StopListening();
        // An accept loop that comes to wait for a place at the very moment its listener is closed.
        var closed = host.BindListener();
        using var late = new AcceptEventArgs(closed);
        closed.Close();
        host.Server.Limit.TryTakeOrWait(late).ShouldBeFalse();
        host.Server.Listen();
        using var second = await host.ConnectAsync();
        await first.FinishAsync();
        await second.EchoAsync(10);
        await second.FinishAsync();
    }

    /// <summary>Whether nobody is there any more for what a client sends after the service's FIN.</summary>
    private static bool IsResetWhenItSends(EchoClient client)
    {
        client.Socket.Send([1], SocketFlags.None, out var error);
        return error != SocketError.Success || (SocketError)(int)client.Socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)! != SocketError.Success;
    }
}
