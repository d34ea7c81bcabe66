using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Accepting;

namespace EchoService.IntegrationTests.Lifecycle;

/// <summary>The drain and the bulk close over HTTP, with clients on the wire.</summary>
public sealed class DrainApiTests
{
    [Fact]
    public async Task BeginsShowsAndTakesBackADrain()
    {
        await using var host = await EchoHost.StartAsync();
        using var management = Management(host);
        using var client = await host.ConnectAsync();
        await client.EchoAsync(100);

        using var begun = await management.PostAsJsonAsync("/drain", new { readinessDelaySeconds = 600, timeoutSeconds = 60 }, TestContext.Current.CancellationToken);
        begun.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        begun.Headers.Location!.ToString().ShouldBe("/drain");
        var status = await begun.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        status.GetProperty("phase").GetString().ShouldBe("lameDuck");
        status.GetProperty("trigger").GetString().ShouldBe("api");
        status.GetProperty("initial").GetInt64().ShouldBe(1);
        (status.GetProperty("deadline").GetDateTime() - status.GetProperty("startedAt").GetDateTime()).ShouldBe(TimeSpan.FromSeconds(660));

        var shown = await management.GetFromJsonAsync<JsonElement>("/drain", TestContext.Current.CancellationToken);
        shown.GetRawText().ShouldBe(status.GetRawText());

        using var cancelled = await management.DeleteAsync("/drain", TestContext.Current.CancellationToken);
        cancelled.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await cancelled.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken))
            .GetProperty("phase").GetString().ShouldBe("serving");
        await client.EchoAsync(100);
        await client.FinishAsync();
    }

    [Fact]
    public async Task CannotBeTakenBackWhileThePortIsGone()
    {
        await using var host = await EchoHost.StartAsync();
        using var management = Management(host);
        await BeginAsync(management, new { readinessDelaySeconds = 0 });
        await Eventually.TrueAsync(async () => await PhaseAsync(management) == "drained");
        using (var other = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true })
        {
            other.Bind(new IPEndPoint(IPAddress.IPv6Any, host.EndPoint.Port));
            other.Listen();

            using var refused = await management.DeleteAsync("/drain", TestContext.Current.CancellationToken);
            refused.StatusCode.ShouldBe(HttpStatusCode.Conflict);
            refused.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
            (await refused.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("ddress already in use");
            (await PhaseAsync(management)).ShouldBe("drained");
            ListeningSocket.Close(other);
        }

        using var taken = await management.DeleteAsync("/drain", TestContext.Current.CancellationToken);
        taken.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var client = await host.ConnectAsync();
        await client.EchoAsync(100);
        await client.FinishAsync();
    }

    [Fact]
    public async Task AskedAgainTakesAShorterTimeoutAndNoLongerOne()
    {
        await using var host = await EchoHost.StartAsync();
        using var management = Management(host);
        var first = await BeginAsync(management, new { readinessDelaySeconds = 600, timeoutSeconds = 60 });
        var shorter = await BeginAsync(management, new { readinessDelaySeconds = 600, timeoutSeconds = 30 });
        var longer = await BeginAsync(management, new { readinessDelaySeconds = 600, timeoutSeconds = 90 });

        shorter.GetProperty("startedAt").GetDateTime().ShouldBe(first.GetProperty("startedAt").GetDateTime());
        shorter.GetProperty("deadline").GetDateTime().ShouldBeLessThan(first.GetProperty("deadline").GetDateTime());
        longer.GetRawText().ShouldBe(shorter.GetRawText());
    }

    [Fact]
    public async Task IsTakenBackOutOfForcing()
    {
        await using var host = await EchoHost.StartAsync("Echo:CloseTimeout=00:10:00");
        using var management = Management(host);
        using var client = await host.ConnectAsync();
        await client.EchoAsync(100);
        await BeginAsync(management, new { readinessDelaySeconds = 0, timeoutSeconds = 0, spreadSeconds = -1, onDeadline = "fin" });
        // It sees our FIN and keeps its own back.
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        (await PhaseAsync(management)).ShouldBe("forcing");

        using var taken = await management.DeleteAsync("/drain", TestContext.Current.CancellationToken);
        taken.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await PhaseAsync(management)).ShouldBe("serving");
        using var next = await host.ConnectAsync();
        await next.EchoAsync(100);
        await next.FinishAsync();
    }

    [Fact]
    public async Task EveryAnswerAddsUpWhileClientsComeAndGo()
    {
        await using var host = await EchoHost.StartAsync();
        using var management = Management(host);
        var staying = await host.ConnectAllAsync(20);
        await using var churn = new BackgroundWork(8, (seed, stop) => ComeAndGoAsync(host.EndPoint, seed, stop));
        await BeginAsync(management, new { readinessDelaySeconds = 1, timeoutSeconds = 1, spreadSeconds = 0.5 });

        var answers = 0;
        await Eventually.TrueAsync(async () =>
        {
            var drain = await management.GetFromJsonAsync<JsonElement>("/drain", TestContext.Current.CancellationToken);
            long Count(string name) => drain.GetProperty(name).GetInt64();
            long[] parts = [Count("remaining"), Count("closedByClient"), Count("closedGracefully"), Count("closedForced")];
            parts.ShouldAllBe(count => count >= 0);
            Count("initial").ShouldBe(parts.Sum(), drain.GetRawText());
            answers++;
            return drain.GetProperty("phase").GetString() == "drained";
        });
        answers.ShouldBeGreaterThan(10);

        await churn.EndAsync();
        foreach (var client in staying)
        {
            client.Dispose();
        }
    }

    [Theory]
    [InlineData("""{"timeoutSeconds": -1}""", "timeoutSeconds")]
    [InlineData("""{"readinessDelaySeconds": 86401}""", "readinessDelaySeconds")]
    [InlineData("""{"spreadSeconds": -2}""", "spreadSeconds")]
    [InlineData("""{"timeoutSeconds": 1e400}""", "timeoutSeconds")]
    public async Task NamesWhatIsOutOfRangeAndBeginsNothing(string body, string field)
    {
        await using var host = await EchoHost.StartAsync();
        using var management = Management(host);
        using var content = new StringContent(body, null, "application/json");
        using var answer = await management.PostAsync("/drain", content, TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain(field);
        (await management.GetFromJsonAsync<JsonElement>("/drain", TestContext.Current.CancellationToken))
            .GetProperty("phase").GetString().ShouldBe("serving");
    }

    [Fact]
    public async Task LosesNothingThatWasCountedAsReceived()
    {
        await using var host = await EchoHost.StartAsync("Drain:Spread=00:00:01", "Drain:Timeout=00:00:30");
        using var management = Management(host);
        var clients = await host.ConnectAllAsync(30);
        using var stop = new CancellationTokenSource();
        var senders = clients.Select(client => client.SendUntilAsync(stop.Token)).ToArray();
        var receivers = clients.Select(client => client.ReceiveToEndAsync()).ToArray();
        await Eventually.TrueAsync(() => clients.All(client => client.Received > 100_000));

        (await management.PostAsync("/drain", null, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        foreach (var receiver in receivers)
        {
            (await receiver).ShouldBe(StreamEnd.Fin);
        }

        await stop.CancelAsync();
        foreach (var client in clients)
        {
            client.Dispose();
        }

        await Task.WhenAll(senders);
        await Eventually.TrueAsync(async () => await PhaseAsync(management) == "drained");
        var drain = await management.GetFromJsonAsync<JsonElement>("/drain", TestContext.Current.CancellationToken);
        drain.GetProperty("closedGracefully").GetInt64().ShouldBe(30);
        drain.GetProperty("bytesUnsent").GetInt64().ShouldBe(0);
        var stats = await host.GetStatsAsync();
        stats.BytesReceived.ShouldBe(clients.Sum(client => client.Received));
        stats.BytesSent.ShouldBe(stats.BytesReceived);
    }

    [Fact]
    public async Task ShedsAQuarterAtRandomEvenlyInTime()
    {
        await using var host = await EchoHost.StartAsync();
        using var management = Management(host);
        var clients = await host.ConnectAllAsync(400);
        var began = DateTimeOffset.UtcNow;
        var closedAt = new List<TimeSpan>();
        var closedPlaces = new List<int>();
        var watchers = clients.Select(async (client, place) =>
        {
            await client.ReceiveToEndAsync();
            lock (closedAt)
            {
                closedAt.Add(DateTimeOffset.UtcNow - began);
                closedPlaces.Add(place);
            }
        }).ToArray();

        var dry = await CloseAsync(management, new { percent = 25, dryRun = true });
        (dry.GetProperty("matched").GetInt32(), dry.GetProperty("closing").GetInt32()).ShouldBe((400, 100));
        (await host.GetStatsAsync()).Active.ShouldBe(400);

        began = DateTimeOffset.UtcNow;
        var answer = await CloseAsync(management, new { percent = 25, spreadSeconds = 4 });
        (answer.GetProperty("matched").GetInt32(), answer.GetProperty("closing").GetInt32()).ShouldBe((400, 100));

        await Eventually.TrueAsync(() => { lock (closedAt) { return closedAt.Count == 100; } });
        host.Server.Connections.Live.Count(connection => connection.State == Transport.Connections.ConnectionState.Open).ShouldBe(300);
        lock (closedAt)
        {
            // A busy machine makes a close late, never early: each one is due a hundredth of the time after the one before.
            closedAt.Sort();
            for (var place = 0; place < closedAt.Count; place++)
            {
                closedAt[place].TotalSeconds.ShouldBeGreaterThan((0.04 * place) - 0.05, $"number {place}");
            }

            // Drawn at random: a hundred of four hundred in one block, or every fourth, has no chance of coming up.
            closedPlaces.Sort();
            var gaps = closedPlaces.Zip(closedPlaces.Skip(1), (left, right) => right - left).Distinct().Count();
            gaps.ShouldBeGreaterThan(4);
        }

        foreach (var client in clients)
        {
            client.Dispose();
        }

        await Task.WhenAll(watchers.Select(watcher => watcher.ContinueWith(_ => { }, TaskScheduler.Default)));
    }

    [Fact]
    public async Task ClosesOnlyWhomTheFiltersMatch()
    {
        await using var host = await EchoHost.StartAsync();
        using var management = Management(host);
        using var client = await host.ConnectAsync();
        await client.EchoAsync(10);

        (await CloseAsync(management, new { remote = "10.0.0.0/8" })).GetProperty("matched").GetInt32().ShouldBe(0);
        (await CloseAsync(management, new { minAgeSeconds = 3600 })).GetProperty("matched").GetInt32().ShouldBe(0);
        (await CloseAsync(management, new { minIdleSeconds = 3600 })).GetProperty("matched").GetInt32().ShouldBe(0);
        await client.EchoAsync(10);
        (await CloseAsync(management, new { remote = "127.0.0.0/8", mode = "reset" })).GetProperty("closing").GetInt32().ShouldBe(1);
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Reset);

        using var everyone = await management.PostAsJsonAsync("/clients/close", new { }, TestContext.Current.CancellationToken);
        everyone.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
    }

    private static HttpClient Management(EchoHost host) => new() { BaseAddress = host.ManagementUri };

    private static async Task<string?> PhaseAsync(HttpClient management) =>
        (await management.GetFromJsonAsync<JsonElement>("/drain", TestContext.Current.CancellationToken)).GetProperty("phase").GetString();

    private static async Task<JsonElement> CloseAsync(HttpClient management, object body)
    {
        using var answer = await management.PostAsJsonAsync("/clients/close", body, TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }

    /// <summary>Connects, echoes or not, and leaves by FIN or RST, again and again.</summary>
    private static async Task ComeAndGoAsync(IPEndPoint endPoint, int seed, CancellationToken stop)
    {
        var random = new Random(seed);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var client = await EchoClient.ConnectAsync(endPoint, seed);
                await client.EchoAsync(random.Next(1, 1000));
                if (random.Next(2) == 0)
                {
                    client.Reset();
                }
            }
            catch (Exception exception) when (exception is SocketException or ShouldAssertException)
            {
                // Refused, or closed by the drain in the middle of a message.
                await Task.Yield();
            }
        }
    }

    private static async Task<JsonElement> BeginAsync(HttpClient management, object body)
    {
        using var answer = await management.PostAsJsonAsync("/drain", body, TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
        return await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
    }
}
