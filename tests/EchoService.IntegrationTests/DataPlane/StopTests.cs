using System.Diagnostics;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Connections;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>The service can be stopped whatever its connections are doing, and everything is back when it has.</summary>
public sealed class StopTests
{
    [Theory]
    [InlineData("reset")]
    [InlineData("fin")]
    public async Task StopsWhileBusy(string onDeadline)
    {
        await using var host = await EchoHost.StartAsync("Drain:Timeout=00:00:01", $"Drain:OnDeadline={onDeadline}", "Echo:CloseTimeout=00:00:01");
        var port = host.EndPoint.Port;
        var readers = await host.ConnectAllAsync(10);
        var nonReaders = await host.ConnectAllAsync(10);
        var silent = await host.ConnectAllAsync(10);
        using var stop = new CancellationTokenSource();
        var receiving = readers.Select(client => client.ReceiveToEndAsync()).ToArray();
        var sending = Task.WhenAll(readers.Concat(nonReaders).Select(client => client.SendUntilAsync(stop.Token)));
        // And some that come and go, so that the end meets accepts too.
        await using var churning = new BackgroundWork(4, (_, over) => ChurnAsync(host, over));
        await host.WaitForAsync(stats => stats.BytesSent > 50 << 20);

        var began = Stopwatch.GetTimestamp();
        await host.DisposeAsync();
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(20));
        await stop.CancelAsync();
        await churning.EndAsync();
        await Task.WhenAll(sending, Task.WhenAll(receiving));

        // The loops see their sockets closed each in its own time.
        var server = host.Server;
        await Eventually.TrueAsync(() => server.Limit.Active == 0 && server.EventArgs.InUse == 0 && server.Buffers.BytesInUse == 0);
        server.Counters.Accepted.ShouldBe(Enum.GetValues<CloseReason>().Sum(server.Counters.Closed));
        host.Server.Connections.Live.ShouldBeEmpty();
        foreach (var client in readers.Concat(nonReaders).Concat(silent))
        {
            client.Dispose();
        }

        // The port is free again, whatever state the old connections are in.
        await using var next = await EchoHost.StartAsync($"Echo:Port={port}");
        using var newClient = await next.ConnectAsync();
        await newClient.EchoAsync(1000);
        await newClient.FinishAsync();
    }

    private static async Task ChurnAsync(EchoHost host, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var client = await host.ConnectAsync();
                await client.EchoAsync(100);
            }
            catch (Exception exception) when (exception is System.Net.Sockets.SocketException or ShouldAssertException && !host.Server.IsListening)
            {
                return;
            }
        }
    }
}
