using System.Net;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Lifecycle;

namespace EchoService.IntegrationTests.ControlPlane;

public sealed class HealthTests : ApiTests
{
    [Theory]
    [InlineData("/livez")]
    [InlineData("/readyz")]
    [InlineData("/healthz")]
    [InlineData("/livez?verbose")]
    public async Task IsWellWhileServing(string path)
    {
        var health = (await Api.GetAsync(path)).ShouldBe(HttpStatusCode.OK);
        health.ToString().ShouldBe("""{"status":"ok","phase":"serving","reason":null}""");
    }

    [Fact]
    public async Task IsNotReadyButLivesWhileDraining()
    {
        await using var host = await EchoHost.StartAsync();
        using var api = new ApiClient(host.ManagementUri);
        using var client = await host.ConnectAsync();
        // Until its first echo it may still be in the backlog, and the drain has nobody to wait for.
        await client.EchoAsync(1);
        host.Lifecycle.BeginDrain(new DrainRequest(Spread: TimeSpan.FromSeconds(-1)), DrainTrigger.Api);

        var ready = (await api.GetAsync("/readyz")).ShouldBe(HttpStatusCode.ServiceUnavailable);
        ready.GetProperty("status").GetString().ShouldBe("unavailable");
        ready.GetProperty("phase").GetString().ShouldBe("draining");
        ready.GetProperty("reason").GetString().ShouldNotBeNullOrEmpty();
        foreach (var path in (string[])["/livez", "/healthz"])
        {
            (await api.GetAsync(path)).ShouldBe(HttpStatusCode.OK).GetProperty("phase").GetString().ShouldBe("draining");
        }

        var listener = (await api.GetAsync("/stats")).Json.GetProperty("listeners")[0];
        listener.GetProperty("state").GetString().ShouldBe("closed");

        host.Lifecycle.CancelDrain();
        (await api.GetAsync("/readyz")).ShouldBe(HttpStatusCode.OK);
    }
}
