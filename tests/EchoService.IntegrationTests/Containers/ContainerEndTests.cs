using System.Diagnostics;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Testcontainers;

namespace EchoService.IntegrationTests.Containers;

/// <summary>How a container ends, and what its clients see of it.</summary>
[Collection(ContainerSuite.Name)]
[Needs(Need.Engine)]
public sealed class ContainerEndTests
{
    [Fact]
    public async Task DockerStopDrainsWhile100ClientsStreamAndNobodyLosesAByteThatTheServerHad()
    {
        await using var service = await EchoContainer.StartAsync(builder => builder
            .WithDrain(readinessDelay: TimeSpan.FromSeconds(5), spread: TimeSpan.FromSeconds(2), timeout: TimeSpan.FromSeconds(15))
            .WithCloseTimeout(TimeSpan.FromSeconds(5)));
        var endPoint = service.Direct;
        var clients = new List<EchoClient>();
        for (var i = 0; i < 100; i++)
        {
            clients.Add(await EchoClient.ConnectAsync(endPoint, i));
        }

        using var quiet = new CancellationTokenSource();
        var streams = clients.Select((client, i) => StreamAsync(client, i < 50 ? quiet.Token : CancellationToken.None)).ToArray();
        await Eventually.TrueAsync(() => clients.TrueForAll(client => client.Received > 100_000));

        var began = Stopwatch.GetTimestamp();
        var stopped = Docker.RunAsync("stop", "--time", "30", service.Id);
        await service.Management.WaitForPhaseAsync(ServicePhase.LameDuck, Eventually.Deadline, TestContext.Current.CancellationToken);
        (await service.Management.GetReadinessAsync(TestContext.Current.CancellationToken)).Status.ShouldBe(HealthStatus.Unavailable);
        // Lame duck: balancers that have not heard of it yet still send clients, and these are served.
        using (var late = await EchoClient.ConnectAsync(endPoint))
        {
            await late.EchoAsync(4096);
            await late.FinishAsync();
        }

        await quiet.CancelAsync();
        (await Task.WhenAll(streams)).ShouldAllBe(end => end == StreamEnd.Fin);
        // Whoever stopped sending got everything back; for the others EchoClient holds what came to a prefix of what went.
        clients.Take(50).ShouldAllBe(client => client.Received == client.Sent);

        await stopped;
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(21));
        (await Docker.InspectAsync(service.Id, "{{.State.ExitCode}} {{.State.OOMKilled}}")).ShouldBe("0 false");
        (await service.LogsAsync()).ShouldMatch("Drained: .*100 gracefully, 0 by force");
    }

    [Fact]
    public async Task ServesAsBeforeWhenStartedAgainAfterSigkill()
    {
        await using var service = await EchoContainer.StartAsync();
        using (var client = await EchoClient.ConnectAsync(service.Direct))
        {
            await client.EchoAsync(1000);
            await Docker.RunAsync("kill", "--signal", "KILL", service.Id);
            await client.ReceiveToEndAsync();
        }

        (await Eventually.BecomesAsync(
            () => Docker.InspectAsync(service.Id, "{{.State.Status}} {{.State.ExitCode}}"),
            state => state.StartsWith("exited", StringComparison.Ordinal))).ShouldBe("exited 137");

        await service.StartAgainAsync();
        using var again = await EchoClient.ConnectAsync(service.Published);
        await again.EchoAsync(4096);
        await again.FinishAsync();
        (await service.Management.GetReadinessAsync(TestContext.Current.CancellationToken)).Phase.ShouldBe(ServicePhase.Serving);
    }

    /// <summary>Keeps a window of bytes on its way until told to stop or until the service ends the stream, and closes when it has.</summary>
    private static async Task<StreamEnd> StreamAsync(EchoClient client, CancellationToken stop)
    {
        const int Window = 32 * 1024;
        try
        {
            while (!stop.IsCancellationRequested)
            {
                await client.EchoAsync(Window);
            }

            return await client.ReceiveToEndAsync();
        }
        catch (ShouldAssertException exception) when (exception.Message.StartsWith("The stream ended", StringComparison.Ordinal))
        {
            return StreamEnd.Fin;
        }
        finally
        {
            client.Dispose();
        }
    }
}
