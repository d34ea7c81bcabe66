using System.Net;
using System.Net.ServerSentEvents;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary><c>GET /events</c> over HTTP.</summary>
public sealed class EventsTests
{
    [Fact]
    public async Task TellsStatsAndPhasesAndEndsWithTheService()
    {
        await using var host = await EchoHost.StartAsync();
        using var http = new HttpClient { BaseAddress = host.ManagementUri };
        using var response = await http.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        using var client = await host.ConnectAsync();
        await client.EchoAsync(1000);

        var events = SseParser.Create(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var phases = new List<(string?, string?)>();
        var stopping = Task.CompletedTask;
        JsonElement stats = default;
        await foreach (var item in events.EnumerateAsync(TestContext.Current.CancellationToken))
        {
            var data = JsonElement.Parse(item.Data);
            if (item.EventType == "phase")
            {
                phases.Add((data.GetProperty("previous").GetString(), data.GetProperty("phase").GetString()));
                continue;
            }

            item.EventType.ShouldBe("stats");
            stats = data;
            if (ReferenceEquals(stopping, Task.CompletedTask) && stats.GetProperty("bytes").GetProperty("sent").GetInt64() == 1000)
            {
                await client.FinishAsync();
                stopping = host.StopAsync();
            }
        }

        await stopping;
        phases.ShouldBe([("serving", "lameDuck"), ("lameDuck", "draining"), ("draining", "drained")]);
        stats.GetProperty("connections").GetProperty("accepted").GetInt64().ShouldBe(1);
    }

    [Fact]
    public async Task ReadersDoNotHoldUpAStop()
    {
        await using var host = await EchoHost.StartAsync();
        using var http = new HttpClient { BaseAddress = host.ManagementUri };
        var streams = new List<Stream>();
        for (var i = 0; i < 50; i++)
        {
            // Opened and never read.
            streams.Add(await http.GetStreamAsync("/events", TestContext.Current.CancellationToken));
        }

        // Kestrel would wait for them for half a minute.
        await host.StopAsync().WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        foreach (var stream in streams)
        {
            using var reader = new StreamReader(stream);
            var events = await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
            // The figures of the second that was just over may come after it.
            events.Split("event: phase")[^1].ShouldContain("{\"phase\":\"drained\",\"previous\":\"draining\"}\n\n");
            events.ShouldEndWith("\n\n");
        }
    }

    [Fact]
    public async Task TakesNoParameters()
    {
        await using var host = await EchoHost.StartAsync();
        using var api = new ApiClient(host.ManagementUri);
        (await api.GetAsync("/events?every=2")).Status.ShouldBe(HttpStatusCode.BadRequest);
    }
}
