using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>Debian's Prometheus on loopback, in a folder of its own, scraping services that it knows as pods.</summary>
internal sealed class PrometheusServer : IAsyncDisposable
{
    public static readonly TimeSpan ScrapeInterval = TimeSpan.FromMilliseconds(250);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("echoservice-prometheus-");
    private readonly ChildProcess _process;
    private readonly HttpClient _http;

    private PrometheusServer(IEnumerable<(string Pod, Uri Address)> services)
    {
        var port = FreePort.Take();
        var rules = Repository.PathOf("deploy", "monitoring", "prometheus-rules.yaml");
        var targets = services.Select(service => $$"""{ targets: ["{{service.Address.Authority}}"], labels: { namespace: echo, pod: {{service.Pod}} } }""");
        var configuration = Path.Combine(_folder.FullName, "prometheus.yml");
        File.WriteAllText(
            configuration,
            $$"""
            global: { scrape_interval: {{ScrapeInterval.TotalMilliseconds}}ms, evaluation_interval: 1s }
            rule_files: ["{{rules}}"]
            scrape_configs:
              - job_name: echoservice
                static_configs: [{{string.Join(", ", targets)}}]
            """);
        _process = ChildProcess.Start("prometheus",
        [
            $"--config.file={configuration}",
            $"--storage.tsdb.path={Path.Combine(_folder.FullName, "data")}",
            $"--web.listen-address=127.0.0.1:{port.ToString(CultureInfo.InvariantCulture)}",
            "--log.level=warn",
        ]);
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
    }

    public static async Task<PrometheusServer> StartAsync(IEnumerable<(string Pod, Uri Address)> services)
    {
        var server = new PrometheusServer(services);
        try
        {
            await Eventually.TrueAsync(server.IsReadyAsync);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>The result of an instant query: values by label set, as JSON writes it.</summary>
    public async Task<IReadOnlyDictionary<string, double>> QueryAsync(string expression, DateTimeOffset? at = null)
    {
        var time = at is { } moment ? $"&time={(moment.ToUnixTimeMilliseconds() / 1000d).ToString(CultureInfo.InvariantCulture)}" : "";
        var data = await GetAsync($"/api/v1/query?query={Uri.EscapeDataString(expression)}{time}");
        return data.GetProperty("result").EnumerateArray().ToDictionary(
            one => one.GetProperty("metric").GetRawText(),
            one => double.Parse(one.GetProperty("value")[1].GetString()!.Replace("+Inf", "Infinity", StringComparison.Ordinal), CultureInfo.InvariantCulture));
    }

    public async Task<JsonElement> GetAsync(string path)
    {
        using var response = await _http.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>(TestContext.Current.CancellationToken);
        response.StatusCode.ShouldBe(HttpStatusCode.OK, $"{path}: {body}");
        return body.GetProperty("data");
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _process.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private async Task<bool> IsReadyAsync()
    {
        if (_process.HasExited)
        {
            throw new InvalidOperationException($"Prometheus ended: {_process.Error}");
        }

        try
        {
            using var response = await _http.GetAsync(new Uri("/-/ready", UriKind.Relative), TestContext.Current.CancellationToken);
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
