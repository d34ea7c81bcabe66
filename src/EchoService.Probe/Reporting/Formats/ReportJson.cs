using System.Text.Encodings.Web;
using System.Text.Json;

namespace EchoService.Probe.Reporting.Formats;

/// <summary>The report as JSON: camelCase, enums as camelCase strings, nulls written.</summary>
internal static class ReportJson
{
    // Both go to a terminal or a file, never into HTML.
    private static readonly ReportJsonContext Document = new(new JsonSerializerOptions(ReportJsonContext.Default.Options)
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    private static readonly ReportJsonContext Line = new(new JsonSerializerOptions(ReportJsonContext.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    public static string Write(ProbeReport report) => JsonSerializer.Serialize(report, Document.ProbeReport);

    /// <summary>In one line.</summary>
    public static string Write(StreamedEvent happened) => JsonSerializer.Serialize(happened, Line.StreamedEvent);
}
