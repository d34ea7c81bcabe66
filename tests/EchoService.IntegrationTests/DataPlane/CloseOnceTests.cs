using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Connections;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>However many ask for a connection's end at the same time, it ends once, and for the first of their reasons.</summary>
public sealed class CloseOnceTests : ServiceTests
{
    [Fact]
    public async Task ManyWhoCloseAtOnceCloseItOnce()
    {
        BytesAreCut = true;
        const int Rounds = 300;
        var host = await StartAsync();
        var closesBegun = 0;
        for (var round = 0; round < Rounds; round++)
        {
            using var client = await host.ConnectAsync(round);
            await client.EchoAsync(1);
            var connection = host.Server.Connections.Live.ShouldHaveSingleItem();
            var sending = client.SendUntilAsync(CancellationToken.None);
            using var start = new Barrier(3);
            await Task.WhenAll(
                Task.Factory.StartNew(() => Ask(() => connection.Close(CloseReason.Admin)), TaskCreationOptions.LongRunning),
                Task.Factory.StartNew(() => Ask(() => connection.Close(CloseReason.Drain)), TaskCreationOptions.LongRunning),
                Task.Factory.StartNew(() => Ask(() => connection.Abort(CloseReason.DrainForced)), TaskCreationOptions.LongRunning));
            await client.ReceiveToEndAsync();
            await sending;
            await host.WaitForAsync(stats => stats.Active == 0);
            connection.State.ShouldBe(ConnectionState.Closed);
            connection.CloseReason.ShouldBe(CloseReason.DrainForced);
            connection.Close(CloseReason.Admin).ShouldBeFalse();
            connection.Abort(CloseReason.Admin).ShouldBeFalse();

            void Ask(Func<bool> close)
            {
                start.SignalAndWait(TestContext.Current.CancellationToken);
                if (close())
                {
                    Interlocked.Increment(ref closesBegun);
                }
            }
        }

        var stats = await host.GetStatsAsync();
        stats.ClosedTotal.ShouldBe(Rounds);
        // The abort always counts; of the two others, one at most.
        closesBegun.ShouldBeInRange(Rounds, 2 * Rounds);
    }

    [Fact]
    public async Task TheFirstReasonWins()
    {
        var host = await StartAsync();
        using var client = await host.ConnectAsync();
        await client.EchoAsync(1);
        var connection = host.Server.Connections.Live.ShouldHaveSingleItem();
        connection.State.ShouldBe(ConnectionState.Open);
        connection.CloseReason.ShouldBe(CloseReason.None);
        connection.Close(CloseReason.MaxLifetime).ShouldBeTrue();
        connection.State.ShouldBe(ConnectionState.Closing);
        connection.Close(CloseReason.Drain).ShouldBeFalse();
        connection.Abort(CloseReason.Admin).ShouldBeTrue();
        await host.WaitForAsync(stats => stats.Active == 0);
        connection.CloseReason.ShouldBe(CloseReason.MaxLifetime);
    }

    [Fact]
    public async Task AForcedDrainOverwritesTheReason()
    {
        var host = await StartAsync();
        using var client = await host.ConnectAsync();
        await client.EchoAsync(1);
        var connection = host.Server.Connections.Live.ShouldHaveSingleItem();
        connection.Close(CloseReason.Drain).ShouldBeTrue();
        connection.Abort(CloseReason.DrainForced).ShouldBeTrue();
        var stats = await host.WaitForAsync(stats => stats.Active == 0);
        stats.Closed["drainForced"].ShouldBe(1);
        stats.Closed["drain"].ShouldBe(0);
    }
}
