using System.Net;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Containers;

/// <summary>Prometheus on a network of a test's own, made of the installed program, with the files that an image of its own would have.</summary>
internal sealed class PrometheusContainer : IAsyncDisposable
{
    private readonly string _id;
    private readonly HttpClient _http;

    private PrometheusContainer(string id, IPAddress address)
    {
        _id = id;
        _http = new HttpClient { BaseAddress = new Uri($"http://{address}:9090"), Timeout = Eventually.Deadline };
    }

    /// <param name="network">Which it joins.</param>
    /// <param name="files">What is mounted: paths here and there.</param>
    public static async Task<PrometheusContainer> StartAsync(string network, IEnumerable<(string From, string To)> files)
    {
        var image = await ProgramImage.MakeAsync("prometheus");
        var id = await Docker.RunAsync(
        [
            "run", "--detach", "--label", $"{ContainerImage.Label}={Repository.Root}", "--network", network, .. files.SelectMany(file => new[] { "--volume", $"{file.From}:{file.To}:ro" }),
            "--read-only", "--tmpfs", "/prometheus", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", image,
            // As its own image has them.
            "--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus",
        ]);
        return new PrometheusContainer(id, IPAddress.Parse(await Docker.InspectAsync(id, $"{{{{(index .NetworkSettings.Networks \"{network}\").IPAddress}}}}")));
    }

    /// <summary>The label sets of an instant query's result; none while it does not answer yet.</summary>
    public async Task<IReadOnlyList<JsonElement>> QueryAsync(string expression)
    {
        try
        {
            var answer = await _http.GetStringAsync($"/api/v1/query?query={Uri.EscapeDataString(expression)}", TestContext.Current.CancellationToken);
            await EchoClient.LeaveSocketThreadAsync();
            return [.. JsonElement.Parse(answer).GetProperty("data").GetProperty("result").EnumerateArray().Select(result => result.GetProperty("metric"))];
        }
        catch (HttpRequestException)
        {
            return [];
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Docker.RunAsync("rm", "--force", _id);
    }
}
