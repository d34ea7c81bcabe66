using System.Globalization;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Testcontainers;

namespace EchoService.IntegrationTests.Containers;

/// <summary>Figures: from start to ready, and memory at rest.</summary>
[Collection(ContainerSuite.Name)]
[Needs(Need.Engine)]
public sealed class ContainerStartTests(ITestOutputHelper output)
{
    [Fact]
    public async Task IsReadyWithinAnInstant()
    {
        await using var service = await EchoContainer.StartAsync();
        using var http = new HttpClient { Timeout = Eventually.Deadline };
        var times = new List<double>();
        for (var run = 0; run < 5; run++)
        {
            await Docker.RunAsync("stop", "--time", "0", service.Id);
            await Docker.RunAsync("start", service.Id);
            var ready = new Uri($"http://{await Docker.InspectAsync(service.Id, "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}")}:{EchoServiceBuilder.ManagementPort}/readyz");
            await Eventually.TrueAsync(async () =>
            {
                try
                {
                    using var answer = await http.GetAsync(ready, TestContext.Current.CancellationToken);
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            });
            // The engine's own time for making the namespaces is not the service's; both clocks are this machine's.
            var started = DateTimeOffset.Parse(await Docker.InspectAsync(service.Id, "{{.State.StartedAt}}"), CultureInfo.InvariantCulture);
            times.Add((DateTimeOffset.UtcNow - started).TotalMilliseconds);
        }

        times.Sort();
        var memory = await Docker.RunAsync("stats", "--no-stream", "--format", "{{.MemUsage}}", service.Id);
        output.WriteLine($"start to ready: {string.Join(", ", times.Select(time => $"{time:F0} ms"))}; idle memory: {memory}");
        // A guard against another order of magnitude; shared machines are too noisy for more.
        times[2].ShouldBeLessThan(3000);
    }
}
