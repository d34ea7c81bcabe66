using System.Net;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.ControlPlane;

public sealed class StatsTests : ApiTests
{
    [Fact]
    public async Task ShowsTheWholeDocument()
    {
        var stats = (await Api.GetAsync("/stats")).ShouldBe(HttpStatusCode.OK);
        Names(stats).ShouldBe(["instance", "phase", "listeners", "connections", "bytes", "faults", "management", "pools", "udp"]);
        Names(stats.GetProperty("instance")).ShouldBe(["name", "version", "startedAt", "uptimeSeconds"]);
        Names(stats.GetProperty("connections")).ShouldBe(["active", "peak", "limit", "accepted", "closed", "rejected"]);
        Names(stats.GetProperty("connections").GetProperty("closed")).ShouldBe(
            ["clientFin", "clientReset", "idleTimeout", "sendTimeout", "maxLifetime", "admin", "drain", "drainForced", "proxyHeader", "fault", "error"]);
        Names(stats.GetProperty("connections").GetProperty("rejected")).ShouldBe(["limit", "draining", "resource"]);
        Names(stats.GetProperty("bytes")).ShouldBe(["received", "sent"]);
        Names(stats.GetProperty("management")).ShouldBe(["connections", "limit", "eventStreams"]);
        Names(stats.GetProperty("pools").GetProperty("eventArgs")).ShouldBe(["capacity", "created", "inUse"]);
        Names(stats.GetProperty("pools").GetProperty("buffers")).ShouldBe(["bytesInUse", "bytesReserved"]);
        Names(stats.GetProperty("udp")).ShouldBe(["received", "sent", "dropped"]);

        stats.GetProperty("phase").GetString().ShouldBe("serving");
        stats.GetProperty("instance").GetProperty("version").GetString().ShouldBe(Repository.Version);
        stats.GetProperty("instance").GetProperty("startedAt").GetString()!.ShouldEndWith("Z");
        var listener = stats.GetProperty("listeners").EnumerateArray().Single();
        listener.GetProperty("protocol").GetString().ShouldBe("tcp");
        listener.GetProperty("endpoint").GetString().ShouldBe($"[::]:{Host.EndPoint.Port}");
        listener.GetProperty("state").GetString().ShouldBe("listening");
    }

    [Fact]
    public async Task CountsConnectionsAndBytes()
    {
        using (var client = await Host.ConnectAsync())
        {
            await client.EchoAsync(5000);
            var during = (await Api.GetAsync("/stats")).ShouldBe(HttpStatusCode.OK);
            during.GetProperty("connections").GetProperty("active").GetInt64().ShouldBe(1);
            during.GetProperty("pools").GetProperty("eventArgs").GetProperty("inUse").GetInt64().ShouldBe(1);
            await client.FinishAsync();
        }

        var after = await Eventually.BecomesAsync(
            async () => (await Api.GetAsync("/stats")).Json, stats => stats.GetProperty("connections").GetProperty("active").GetInt64() == 0);
        after.GetProperty("connections").GetProperty("accepted").GetInt64().ShouldBe(1);
        after.GetProperty("connections").GetProperty("peak").GetInt64().ShouldBe(1);
        after.GetProperty("connections").GetProperty("closed").GetProperty("clientFin").GetInt64().ShouldBe(1);
        after.GetProperty("bytes").GetProperty("received").GetInt64().ShouldBe(5000);
        after.GetProperty("bytes").GetProperty("sent").GetInt64().ShouldBe(5000);
    }

    private static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(property => property.Name);
}
