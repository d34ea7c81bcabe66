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

            using var stop = new CancellationTokenSource();
            var reading = Task.Factory.StartNew(() => ReadUntil(stop.Token), TaskCreationOptions.LongRunning);
            await Task.WhenAll(Enumerable.Range(0, 4).Select(async seed =>
            {
                for (var i = 0; i < Passing / 4; i++)
                {
                    using var client = await host.ConnectAsync(seed);
                    await client.EchoAsync(1);
                    await client.FinishAsync();
                }
            }));
            await stop.CancelAsync();
            var reads = await reading;
            reads.ShouldBeGreaterThan(10);
            await host.WaitForAsync(stats => stats.Active == Staying);
            registry.Live.Select(connection => connection.Id).ShouldBe(stay, ignoreOrder: true);

            int ReadUntil(CancellationToken token)
            {
                var count = 0;
                for (; !token.IsCancellationRequested; count++)
                {
                    stay.Except(registry.Live.Select(connection => connection.Id)).ShouldBeEmpty();
                    stay.All(id => registry.TryFind(id, out _)).ShouldBeTrue();
                }

                return count;
            }
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }
}
