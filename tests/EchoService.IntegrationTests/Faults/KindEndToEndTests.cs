using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.IntegrationTests.Probe;
using EchoService.IntegrationTests.Udp;
using EchoService.Probe.Judging;

namespace EchoService.IntegrationTests.Faults;

/// <summary>The kinds of which no verdict of the probe tells, from the call that begins them to what a client sees.</summary>
public sealed class KindEndToEndTests : FaultTests
{
    private protected override string[] Settings => ["Echo:Udp:Enabled=true"];

    [Fact]
    public async Task KeepOpenLeavesClientsOfWhomTheFinIsNotAnsweredInTheList()
    {
        var id = (await BeginAsync(new { kind = "keepOpen", durationSeconds = 600 })).GetProperty("id").GetInt64();
        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(Host.EndPoint.Port));
        report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);
        using var client = await Host.ConnectAsync();
        await client.EchoAsync(1000);
        client.ShutdownSend();

        // Once the service has read the FIN, which is when it would otherwise have answered.
        await Eventually.TrueAsync(() => Host.Server.Connections.Live.Single(one => one.BytesReceived == 1000).Detour!.HoldsBack);
        var kept = (await GetAsync($"/clients?fault={id}")).GetProperty("items").EnumerateArray().Single(one => one.GetProperty("remoteEndPoint").GetString() == client.LocalEndPoint.ToString());
        kept.GetProperty("state").GetString().ShouldBe("open");
        kept.GetProperty("fault").GetInt64().ShouldBe(id);
        client.Socket.Available.ShouldBe(0);
        client.Socket.Poll(TimeSpan.Zero, System.Net.Sockets.SelectMode.SelectRead).ShouldBeFalse();

        await EndAllAsync();

        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
    }

    [Fact]
    public async Task FalseReadySaysReadyThroughADrainAndTheTruthAgainWhenItHasEnded()
    {
        await BeginAsync(new { kind = "falseReady", durationSeconds = 600 });
        using (var begun = await Api.PostAsJsonAsync("/drain", new { readinessDelaySeconds = 600 }, TestContext.Current.CancellationToken))
        {
            begun.StatusCode.ShouldBe(HttpStatusCode.Accepted);
            await EchoClient.LeaveSocketThreadAsync();
        }

        (await GetAsync("/stats")).GetProperty("phase").GetString().ShouldBe("lameDuck");
        (await ReadinessAsync()).ShouldBe((HttpStatusCode.OK, true));
        await EndAllAsync();
        (await ReadinessAsync()).ShouldBe((HttpStatusCode.ServiceUnavailable, false));
        // It is the one that may begin in a drain too.
        await BeginAsync(new { kind = "falseReady", durationSeconds = 600 });
        (await ReadinessAsync()).ShouldBe((HttpStatusCode.OK, true));
        using var over = await Api.DeleteAsync("/drain", TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        over.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await GetAsync("/faults")).GetProperty("items").GetArrayLength().ShouldBe(1);

        async Task<(HttpStatusCode Status, bool NamesTheFault)> ReadinessAsync()
        {
            using var answer = await Api.GetAsync("/readyz", TestContext.Current.CancellationToken);
            await EchoClient.LeaveSocketThreadAsync();
            var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            return (answer.StatusCode, text.Contains("says so, in spite of the drain", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task DatagramsAreDroppedDelayedAndDuplicatedForWhomTheFaultIsAboutAndForNobodyElse()
    {
        using var client = new DatagramClient(Host.EndPoint);
        await client.EchoAsync(100);
        foreach (var other in (object[])[
            new { kind = "udpDrop", durationSeconds = 600, remote = "192.0.2.0/24" },
            new { kind = "udpDuplicate", durationSeconds = 600, percent = 0 }])
        {
            await BeginAsync(other);
        }

        await client.EchoAsync(100);
        client.ShouldHaveNothing();
        await EndAllAsync();

        await BeginAsync(new { kind = "udpDelay", durationSeconds = 600, milliseconds = 100 });
        await BeginAsync(new { kind = "udpDuplicate", durationSeconds = 600 });
        var sent = Stopwatch.GetTimestamp();
        client.Send([1, 2, 3]);
        (await client.ReceiveAsync()).ShouldBe([1, 2, 3]);
        Stopwatch.GetElapsedTime(sent).TotalMilliseconds.ShouldBeGreaterThanOrEqualTo(99);
        (await client.ReceiveAsync()).ShouldBe([1, 2, 3]);

        await EndAllAsync();
        (await CountDroppedAsync(client, 5)).ShouldBe(await CountDroppedAsync(client, 5), "the same seed");
    }

    /// <summary>How many of fifty datagrams are dropped when half of them are to be.</summary>
    private async Task<long> CountDroppedAsync(DatagramClient client, int seed)
    {
        var fault = (await BeginAsync(new { kind = "udpDrop", durationSeconds = 600, percent = 50, seed })).GetProperty("id").GetInt64();
        var answered = Host.Server.UdpCounters.Sent;
        for (byte i = 0; i < 50; i++)
        {
            client.Send([i]);
        }

        var met = Host.Server.Faults.Find(fault)!;
        await Eventually.TrueAsync(() => Host.Server.UdpCounters.Sent - answered + met.Connections == 50);
        for (var left = 50 - met.Connections; left > 0; left--)
        {
            await client.ReceiveAsync();
        }

        client.ShouldHaveNothing();
        await EndAllAsync();
        met.Connections.ShouldBeInRange(10, 40);
        return met.Connections;
    }
}
