using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>What the committed Grafana dashboard asks Prometheus.</summary>
internal sealed class Dashboard
{
    private readonly JsonElement _root;

    private Dashboard(JsonElement root) => _root = root;

    public JsonElement Root => _root;

    /// <summary>Panels that show something: all but the rows.</summary>
    public IEnumerable<JsonElement> Panels => _root.GetProperty("panels").EnumerateArray().Where(panel => panel.GetProperty("type").GetString() != "row");

    public IEnumerable<string> Rows =>
        _root.GetProperty("panels").EnumerateArray().Where(panel => panel.GetProperty("type").GetString() == "row").Select(panel => panel.GetProperty("title").GetString()!);

    /// <summary>What marks a time in every panel, beside what people write into Grafana itself.</summary>
    public IEnumerable<JsonElement> Annotations => _root.GetProperty("annotations").GetProperty("list").EnumerateArray().Where(annotation => !annotation.TryGetProperty("builtIn", out _));

    public IEnumerable<(string Panel, string Expression)> Queries => Panels
        .SelectMany(panel => panel.GetProperty("targets").EnumerateArray().Select(target => (panel.GetProperty("title").GetString()!, target.GetProperty("expr").GetString()!)))
        .Concat(Annotations.Select(annotation => (annotation.GetProperty("name").GetString()!, annotation.GetProperty("expr").GetString()!)));

    public static Dashboard Read() =>
        new(JsonDocument.Parse(File.ReadAllText(Repository.PathOf("deploy", "monitoring", "grafana-dashboard.json"))).RootElement.Clone());

    /// <summary>A query as Grafana sends it.</summary>
    public static string Expand(string expression, string pod, string rateInterval) => expression
        .Replace("$namespace", ".*", StringComparison.Ordinal)
        .Replace("$pod", pod, StringComparison.Ordinal)
        .Replace("$__rate_interval", rateInterval, StringComparison.Ordinal);
}
