using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Faults;

/// <summary>SIGTERM while faults are on.</summary>
public sealed class FaultSignalTests
{
    [Fact]
    [Needs(Need.Signals)]
    public async Task ClientsOfAStalledServiceLeaveByFinWithAllTheirBytes()
    {
        await using var service = await EchoProcess.StartAsync("Faults:Enabled=true", "Drain:ReadinessDelay=00:00:00", "Drain:Spread=00:00:00");
        using var client = await service.Target.ConnectAsync();
        await client.EchoAsync(100);
        using var api = service.OpenManagement();
        using var answer = await api.PostAsJsonAsync("/faults", new { kind = "stall", durationSeconds = 600 }, TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        await client.SendAsync(500);
        await service.Target.WaitForAsync(stats => stats.BytesReceived == 600);

        service.Signal(PosixSignal.SIGTERM);

        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        client.Received.ShouldBe(600);
        client.Dispose();
        (await service.WaitForExitAsync()).ShouldBe(0);
    }
}
