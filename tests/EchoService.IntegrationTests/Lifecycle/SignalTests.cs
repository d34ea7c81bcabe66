using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Lifecycle;

/// <summary>The service as a process: what a signal does to it and to its clients.</summary>
[Needs(Need.Signals)]
public sealed class SignalTests
{
    private static readonly string[] Settings =
    [
        "Echo:Address=127.0.0.1", "Drain:ReadinessDelay=00:00:01", "Drain:Spread=00:00:02", "Drain:Timeout=00:00:20",
    ];

    [Theory]
    [InlineData(PosixSignal.SIGTERM)]
    [InlineData(PosixSignal.SIGINT)]
    public async Task DrainsWithoutLossAndEndsWithZero(PosixSignal signal)
    {
        await using var service = await EchoProcess.StartAsync(Settings);
        var clients = new List<EchoClient>();
        for (var i = 0; i < 20; i++)
        {
            clients.Add(await EchoClient.ConnectAsync(service.EndPoint, i));
        }

        using var stop = new CancellationTokenSource();
        var streams = clients.Select(client => client.StreamToEndAsync(stop.Token)).ToArray();
        await Eventually.TrueAsync(() => clients.TrueForAll(client => client.Received > 100_000));

        service.Signal(signal);

        foreach (var stream in streams)
        {
            (await stream).ShouldBe(StreamEnd.Fin);
        }

        (await service.WaitForExitAsync()).ShouldBe(0);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task ARequestThatNeverEndsHoldsTheExitUpForSecondsAlone()
    {
        // Without a limit of its own it would have the drain's whole budget.
        await using var service = await EchoProcess.StartAsync("Drain:ReadinessDelay=00:00:00", "Drain:Timeout=00:05:00");
        using var half = new TcpClient();
        await half.ConnectAsync(IPAddress.Loopback, service.ManagementUri.Port, TestContext.Current.CancellationToken);
        await half.GetStream().WriteAsync("POST /drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"u8.ToArray(), TestContext.Current.CancellationToken);
        await service.Target.GetStatsAsync();

        service.Signal(PosixSignal.SIGTERM);

        // Five seconds by contract; the rest is for a loaded machine.
        (await service.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken)).ShouldBe(0);
    }

    [Fact]
    public async Task ManagementAnswersUntilTheLastClientHasGone()
    {
        await using var service = await EchoProcess.StartAsync([.. Settings, "Drain:Spread=-1", "Drain:Timeout=00:10:00"]);
        using var management = service.OpenManagement();
        using var client = await EchoClient.ConnectAsync(service.EndPoint);
        await client.EchoAsync(1000);

        service.Signal(PosixSignal.SIGTERM);
        await Eventually.TrueAsync(async () => await PhaseAsync(management) == "draining");

        foreach (var (path, status) in new[]
        {
            ("/livez", HttpStatusCode.OK), ("/readyz", HttpStatusCode.ServiceUnavailable), ("/metrics", HttpStatusCode.OK), ("/stats", HttpStatusCode.OK),
        })
        {
            using var answer = await management.GetAsync(path, TestContext.Current.CancellationToken);
            answer.StatusCode.ShouldBe(status, path);
        }

        await client.EchoAsync(1000);
        await client.FinishAsync();
        (await service.WaitForExitAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task SecondSignalForces()
    {
        await using var service = await EchoProcess.StartAsync(
            [.. Settings, "Drain:ReadinessDelay=00:10:00", "Drain:Timeout=00:10:00", "Drain:Spread=-1"]);
        using var management = service.OpenManagement();
        using var client = await EchoClient.ConnectAsync(service.EndPoint);
        await client.EchoAsync(1000);

        service.Signal(PosixSignal.SIGTERM);
        await Eventually.TrueAsync(async () => await PhaseAsync(management) == "lameDuck");
        await client.EchoAsync(1000);
        using (var refused = await management.DeleteAsync("/drain", TestContext.Current.CancellationToken))
        {
            refused.StatusCode.ShouldBe(HttpStatusCode.Conflict);
            (await refused.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken))
                .GetProperty("detail").GetString()!.ShouldContain("signal");
        }

        service.Signal(PosixSignal.SIGTERM);

        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Reset);
        (await service.WaitForExitAsync()).ShouldBe(0);
    }

    [Fact]
    public async Task SignalTakesOverADrainOfTheApi()
    {
        await using var service = await EchoProcess.StartAsync(Settings);
        using var management = service.OpenManagement();
        using (var begun = await management.PostAsync("/drain", null, TestContext.Current.CancellationToken))
        {
            begun.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        }

        await Eventually.TrueAsync(async () => await PhaseAsync(management) == "drained");
        service.HasExited.ShouldBeFalse();

        service.Signal(PosixSignal.SIGTERM);
        (await service.WaitForExitAsync()).ShouldBe(0);
    }

    [Theory]
    [InlineData(600, 3600)]
    [InlineData(0, 3600)]
    [InlineData(0, -1)]
    public async Task ClientsOfASlowDrainOfTheApiLeaveByFinAfterASignal(int readinessDelaySeconds, int spreadSeconds)
    {
        await using var service = await EchoProcess.StartAsync(Settings);
        using var management = service.OpenManagement();
        using var first = await EchoClient.ConnectAsync(service.EndPoint);
        using var second = await EchoClient.ConnectAsync(service.EndPoint);
        await first.EchoAsync(1000);
        await second.EchoAsync(1000);
        using (var begun = await management.PostAsJsonAsync(
            "/drain", new { readinessDelaySeconds, spreadSeconds, timeoutSeconds = 7200 }, TestContext.Current.CancellationToken))
        {
            begun.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        }

        service.Signal(PosixSignal.SIGTERM);

        (await first.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        first.Dispose();
        (await second.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        second.Dispose();
        (await service.WaitForExitAsync()).ShouldBe(0);
    }

    private static async Task<string?> PhaseAsync(HttpClient management) =>
        (await management.GetFromJsonAsync<JsonElement>("/drain", TestContext.Current.CancellationToken)).GetProperty("phase").GetString();
}
