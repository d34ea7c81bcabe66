using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using EchoService.Probe.Connections;

namespace EchoService.Probe.Reporting;

/// <summary>The report as JSON: camelCase, enums as camelCase strings, nulls written. Its serializers are made at compile time.</summary>
[JsonSerializable(typeof(ProbeReport))]
internal sealed partial class ReportJson : JsonSerializerContext
{
    private static readonly ReportJson Context = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        // The document goes to a terminal or a file, never into HTML.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { Names<ProbeEventKind>(), Names<ProbeMode>(), Names<VerdictStatus>() },
    });

    public static string Write(ProbeReport report) => JsonSerializer.Serialize(report, Context.ProbeReport);

    private static JsonStringEnumConverter<TEnum> Names<TEnum>()
        where TEnum : struct, Enum => new(JsonNamingPolicy.CamelCase);
}
