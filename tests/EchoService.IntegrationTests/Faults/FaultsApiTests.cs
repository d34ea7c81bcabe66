using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Faults;

namespace EchoService.IntegrationTests.Faults;

/// <summary>The resource: what it takes, refuses, shows and ends.</summary>
public sealed class FaultsApiTests : FaultTests
{
    [Fact]
    public async Task BeginsShowsAndEndsAFault()
    {
        using var client = await Host.ConnectAsync();
        await client.EchoAsync(100);

        using var answer = await Api.PostAsJsonAsync("/faults", new { kind = "stall", durationSeconds = 600, seed = 7 }, TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
        var begun = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        var id = begun.GetProperty("id").GetInt64();
        answer.Headers.Location!.ToString().ShouldBe($"/faults/{id}");
        begun.GetProperty("kind").GetString().ShouldBe("stall");
        begun.GetProperty("connections").GetString().ShouldBe("all");
        begun.GetProperty("seed").GetInt32().ShouldBe(7);
        begun.GetProperty("connectionsAffected").GetInt64().ShouldBe(1);
        begun.TryGetProperty("milliseconds", out _).ShouldBeFalse();
        (begun.GetProperty("endsAt").GetDateTime() - begun.GetProperty("startedAt").GetDateTime()).ShouldBe(TimeSpan.FromSeconds(600));

        (await GetAsync($"/faults/{id}")).GetProperty("connectionsHeld").GetInt32().ShouldBe(1);
        (await GetAsync("/faults")).GetProperty("items").GetArrayLength().ShouldBe(1);
        (await GetAsync("/stats")).GetProperty("faults").GetProperty("active").GetInt32().ShouldBe(1);
        (await GetAsync($"/clients?fault={id}")).GetProperty("items").EnumerateArray().Single().GetProperty("fault").GetInt64().ShouldBe(id);
        (await GetAsync($"/clients?fault={id + 1}")).GetProperty("total").GetInt32().ShouldBe(0);

        using var ended = await Api.DeleteAsync($"/faults/{id}", TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        ended.StatusCode.ShouldBe(HttpStatusCode.OK);
        (await GetAsync("/faults")).GetProperty("items").GetArrayLength().ShouldBe(0);
        await client.EchoAsync(100);
        await client.FinishAsync();
    }

    [Fact]
    public async Task WhileOffNothingBeginsAndItSaysHowToTurnItOn()
    {
        await using var host = await EchoHost.StartAsync();
        using var api = new HttpClient { BaseAddress = host.ManagementUri };
        (await api.GetStringAsync("/faults", TestContext.Current.CancellationToken)).ShouldBe("""{"enabled":false,"items":[]}""");
        using var answer = await api.PostAsJsonAsync("/faults", new { kind = "stall", durationSeconds = 1 }, TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        (await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("Faults:Enabled=true");
    }

    [Theory]
    [InlineData("""{"kind":"stall"}""", "durationSeconds")]
    [InlineData("""{"kind":"stall","durationSeconds":0}""", "durationSeconds")]
    [InlineData("""{"kind":"stall","durationSeconds":3601}""", "durationSeconds")]
    [InlineData("""{"durationSeconds":1}""", "kind")]
    [InlineData("""{"kind":"delay","durationSeconds":1}""", "milliseconds")]
    [InlineData("""{"kind":"throttle","durationSeconds":1,"bytesPerSecond":0}""", "bytesPerSecond")]
    [InlineData("""{"kind":"stall","durationSeconds":1,"afterBytes":1}""", "afterBytes")]
    [InlineData("""{"kind":"refuse","durationSeconds":1,"percent":50}""", "percent")]
    [InlineData("""{"kind":"resetNew","durationSeconds":1,"connections":"new"}""", "connections")]
    [InlineData("""{"kind":"stall","durationSeconds":1,"percent":101}""", "percent")]
    [InlineData("""{"kind":"stall","durationSeconds":1,"remote":"10.0.0"}""", "remote")]
    [InlineData("""{"kind":"udpDrop","durationSeconds":1}""", "kind")]
    public async Task NamesWhatIsWrong(string body, string field)
    {
        using var content = new StringContent(body, null, "application/json");
        using var answer = await Api.PostAsync("/faults", content, TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.BadRequest);
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        problem.GetProperty("errors").EnumerateObject().Select(error => error.Name).ShouldBe([field]);
    }

    [Fact]
    public async Task ThereAreNoMoreThanSixtyFour()
    {
        for (var i = 0; i < FaultTable.Most; i++)
        {
            Begin(new FaultSpec(FaultKind.Stall, Long) { Percent = 0 });
        }

        using var answer = await Api.PostAsJsonAsync("/faults", new { kind = "stall", durationSeconds = 1 }, TestContext.Current.CancellationToken);
        answer.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        await EndAllAsync();
        (await GetAsync("/faults")).GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task EndsByItselfWhenItsTimeIsUp()
    {
        using var client = await Host.ConnectAsync();
        await client.EchoAsync(1);
        await BeginAsync(new { kind = "stall", durationSeconds = 0.2 });
        await client.EchoAsync(1000);
        await Eventually.TrueAsync(() => Host.Server.Faults.Active.Count == 0);
        await client.FinishAsync();
    }

    [Fact]
    public async Task EventsTellOfBeginAndEnd()
    {
        using var stream = await Api.GetStreamAsync("/events", TestContext.Current.CancellationToken);
        using var reader = new StreamReader(stream);
        // The first figures: from here on it is told of everything.
        await ReadUntilAsync(reader, "event: stats");
        var id = (await BeginAsync(new { kind = "keepOpen", durationSeconds = 600 })).GetProperty("id").GetInt64();
        (await DataAsync()).GetProperty("ended").ValueKind.ShouldBe(JsonValueKind.Null);
        await EndAllAsync();
        var ended = await DataAsync();
        ended.GetProperty("ended").GetString().ShouldBe("deleted");
        ended.GetProperty("fault").GetProperty("id").GetInt64().ShouldBe(id);

        async Task<JsonElement> DataAsync()
        {
            await ReadUntilAsync(reader, "event: fault");
            return JsonElement.Parse((await ReadUntilAsync(reader, "data: "))["data: ".Length..]);
        }
    }

    [Fact]
    public async Task PercentDrawsTheSameWithTheSameSeed()
    {
        var clients = await Host.ConnectAllAsync(40);
        bool[] Draw(double percent, int seed)
        {
            var fault = Begin(new FaultSpec(FaultKind.KeepOpen, Long) { Percent = percent, Seed = seed });
            var held = Host.Server.Connections.Live.OrderBy(connection => connection.Id).Select(connection => connection.Detour?.IsHeldBy(fault.Id) is true).ToArray();
            fault.Connections.ShouldBe(held.Count(one => one));
            End(fault);
            return held;
        }

        Draw(0, 1).ShouldAllBe(held => !held);
        Draw(100, 1).ShouldAllBe(held => held);
        var first = Draw(50, 1);
        first.Count(held => held).ShouldBeInRange(5, 35);
        Draw(50, 1).ShouldBe(first);
        Draw(50, 2).ShouldNotBe(first);
        foreach (var client in clients)
        {
            await client.FinishAsync();
            client.Dispose();
        }
    }

    [Fact]
    public async Task ReadinessSaysWhatAFaultTells()
    {
        var unready = await BeginAsync(new { kind = "unready", durationSeconds = 600 });
        using var other = await Api.PostAsJsonAsync("/faults", new { kind = "falseReady", durationSeconds = 600 }, TestContext.Current.CancellationToken);
        other.StatusCode.ShouldBe(HttpStatusCode.Conflict);
        (await ReadyAsync()).ShouldBe(HttpStatusCode.ServiceUnavailable);
        await EndAllAsync();
        (await ReadyAsync()).ShouldBe(HttpStatusCode.OK);
        await BeginAsync(new { kind = "falseReady", durationSeconds = 600 });
        Host.Server.Faults.OnDrain();
        Host.Server.Faults.Active.ShouldHaveSingleItem().Kind.ShouldBe(FaultKind.FalseReady);
        Host.Server.Faults.OnDrainOver();
        unready.GetProperty("id").GetInt64().ShouldBe(1);
    }

    private static async Task<string> ReadUntilAsync(StreamReader reader, string start)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Eventually.Deadline);
        while (true)
        {
            var line = (await reader.ReadLineAsync(deadline.Token)).ShouldNotBeNull();
            await EchoClient.LeaveSocketThreadAsync();
            if (line.StartsWith(start, StringComparison.Ordinal))
            {
                return line;
            }
        }
    }

    private async Task<HttpStatusCode> ReadyAsync()
    {
        using var answer = await Api.GetAsync("/readyz", TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        return answer.StatusCode;
    }
}
