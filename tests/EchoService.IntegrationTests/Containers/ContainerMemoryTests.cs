using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Containers;

/// <summary>A memory limit of 128 MiB, and what the service takes on within it.</summary>
[Collection(ContainerSuite.Name)]
[Needs(Need.Engine)]
public sealed class ContainerMemoryTests(ITestOutputHelper output)
{
    private const int MiB = 1024 * 1024;
    private const int Clients = 2000;

    [Fact]
    public async Task Holds2000ConnectionsAHogAndAClientThatNeverReads()
    {
        await using var service = await EchoContainer.StartAsync(memory: 128 * MiB);
        await using var target = service.Target();
        var endPoint = service.Direct;
        var clients = new List<EchoClient>();
        try
        {
            for (var i = 0; i < Clients; i++)
            {
                clients.Add(await EchoClient.ConnectAsync(endPoint, i));
                await clients[i].EchoAsync(1024);
            }

            (await target.GetStatsAsync()).Active.ShouldBe(Clients);

            using var stop = new CancellationTokenSource();
            using var deaf = await EchoClient.ConnectAsync(endPoint);
            using var hog = await EchoClient.ConnectAsync(endPoint);
            Task[] sending = [deaf.SendUntilAsync(stop.Token), hog.SendUntilAsync(stop.Token)];
            for (var i = 0; i < 8; i++)
            {
                await hog.ReceiveAsync(8 * MiB);
            }

            output.WriteLine($"memory under {Clients} connections and a hog: {await Docker.RunAsync("stats", "--no-stream", "--format", "{{.MemUsage}}", service.Id)}");
            await stop.CancelAsync();
            await Task.WhenAll(sending);
            await hog.FinishAsync();

            // Its bytes waited for it: more than a buffer of the service's holds.
            deaf.Sent.ShouldBeGreaterThan(MiB / 4);
            await deaf.FinishAsync();
            using var other = await EchoClient.ConnectAsync(endPoint);
            await other.EchoAsync(4096);
            await other.FinishAsync();
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }

        await target.WaitForAsync(stats => stats is { Active: 0, EventArgsInUse: 0, BufferBytesInUse: 0 });
        (await Docker.InspectAsync(service.Id, "{{.State.OOMKilled}} {{.State.Status}} {{.RestartCount}}")).ShouldBe("false running 0");
    }
}
