using System.Diagnostics.CodeAnalysis;

namespace EchoService.Configuration;

/// <summary>
/// The standard settings of OpenTelemetry that OTLP push goes by. They are checked here for the SDK would throw on some,
/// ignore others without a word, and be silent about where they came from.
/// </summary>
internal static class TelemetrySettings
{
    private const string Exporter = "OTEL_EXPORTER_OTLP_";

    private static readonly ValueFormat<string> Url = Text("an address such as http://collector:4317", text =>
        Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.Host.Length > 0);

    private static readonly ValueFormat<string> Pairs = Text("pairs such as name=value, separated by commas", text =>
        text.Split(',').All(pair => pair.IndexOf('=', StringComparison.Ordinal) > 0));

    private static readonly ValueFormat<string> ReadableFile = Text("a readable file", CanRead);

    private static readonly ValueFormat<long> Milliseconds = ValueFormats.Integer(1, int.MaxValue);

    private static readonly ValueFormat<int> Protocol = ValueFormats.Name(("grpc", 0), ("http/protobuf", 1));

    private static readonly (string Key, Func<string, string?> Check)[] Table =
    [
        Row("OTEL_SDK_DISABLED", ValueFormats.Boolean),
        Row("OTEL_RESOURCE_ATTRIBUTES", Pairs),
        Row("OTEL_METRIC_EXPORT_INTERVAL", Milliseconds),
        Row("OTEL_METRIC_EXPORT_TIMEOUT", Milliseconds),
        Row("OTEL_METRICS_EXEMPLAR_FILTER", ValueFormats.Name(("always_on", 0), ("always_off", 1), ("trace_based", 2))),
        Row($"{Exporter}METRICS_TEMPORALITY_PREFERENCE", ValueFormats.Name(("cumulative", 0), ("delta", 1), ("lowmemory", 2))),
        Row($"{Exporter}CERTIFICATE", ReadableFile),
        Row($"{Exporter}CLIENT_CERTIFICATE", ReadableFile),
        Row($"{Exporter}CLIENT_KEY", ReadableFile),
        .. Both("ENDPOINT", Url),
        .. Both("PROTOCOL", Protocol),
        .. Both("TIMEOUT", Milliseconds),
        .. Both("HEADERS", Pairs),
    ];

    /// <summary>Notes every one that is given and cannot be used. An empty one counts as not given, as the standard has it.</summary>
    public static void Check(IConfiguration configuration, List<string> problems)
    {
        foreach (var (key, check) in Table)
        {
            if (configuration[key] is { Length: > 0 } text && check(text) is { } problem)
            {
                // Headers are where the collector's password goes.
                problems.Add($"{key} = {(key.EndsWith("HEADERS", StringComparison.Ordinal) ? "(not shown)" : $"\"{text.ReplaceLineEndings(" ")}\"")}: {problem}");
            }
        }
    }

    /// <summary>A setting of the exporter for all signals, and the same for metrics alone.</summary>
    private static (string Key, Func<string, string?> Check)[] Both<T>(string name, ValueFormat<T> format) =>
        [Row($"{Exporter}{name}", format), Row($"{Exporter}METRICS_{name}", format)];

    private static (string Key, Func<string, string?> Check) Row<T>(string key, ValueFormat<T> format) =>
        (key, text => format.TryParse(text, out _) ? null : format.Explain(text));

    private static ValueFormat<string> Text(string allowed, Func<string, bool> isSound) =>
        new(allowed, (string text, [MaybeNullWhen(false)] out string value) =>
        {
            value = text;
            return isSound(text);
        });

    private static bool CanRead(string path)
    {
        try
        {
            File.OpenRead(path).Dispose();
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return false;
        }
    }
}
