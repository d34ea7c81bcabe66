using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>Who stays is always to be found, however many come and go in the same buckets meanwhile.</summary>
public sealed class ConnectionRegistryTests : ServiceTests
{
    [Fact]
    public async Task ReadersSeeAllWhoStayWhileOthersComeAndGo()
    {
        const int Staying = 8;
        const int Passing = 600;
        // Sixteen buckets: whoever comes later joins the chains of those who stay, before or behind them.
        var host = await StartAsync("Echo:MaxConnections=16");
        var registry = host.Server.Connections;
        var clients = new List<EchoClient>();
        try
        {
            for (var i = 0; i < Staying; i++)
            {
                clients.Add(await host.ConnectAsync(i));
                await clients[i].EchoAsync(1);
            }

            var stay = registry.Live.Select(connection => connection.Id).ToArray();
            stay.Length.ShouldBe(Staying);

            var reads = 0;
            await using var reading = new BackgroundWork(1, ReadUntil);
            await Task.WhenAll(Enumerable.Range(0, 4).Select(async seed =>
            {
                for (var i = 0; i < Passing / 4; i++)
                {
                    using var client = await host.ConnectAsync(seed);
                    await client.EchoAsync(1);
                    await client.FinishAsync();
                }
            }));
            await reading.EndAsync();
            reads.ShouldBeGreaterThan(10);
            await host.WaitForAsync(stats => stats.Active == Staying);
            registry.Live.Select(connection => connection.Id).ShouldBe(stay, ignoreOrder: true);

            void ReadUntil(CancellationToken stop)
            {
                for (; !stop.IsCancellationRequested; reads++)
                {
                    stay.Except(registry.Live.Select(connection => connection.Id)).ShouldBeEmpty();
                    stay.All(id => registry.TryFind(id, out _)).ShouldBeTrue();
                }
            }
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }
}
