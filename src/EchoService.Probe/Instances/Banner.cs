using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace EchoService.Probe.Instances;

/// <summary>The line by which an instance says who it is.</summary>
/// <param name="Instance">Its name.</param>
/// <param name="Version">The service's version; empty where it does not say.</param>
/// <param name="Connection">What it calls the connection.</param>
/// <param name="Management">Where it can be asked; null where it does not say.</param>
internal sealed record Banner(string Instance, string Version, long Connection, Uri? Management)
{
    public static bool TryParse(ReadOnlySpan<byte> line, [NotNullWhen(true)] out Banner? banner)
    {
        banner = null;
        try
        {
            var reader = new Utf8JsonReader(line);
            using var document = JsonDocument.ParseValue(ref reader);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object
                || TextOf(root, "instance") is not { Length: > 0 } instance
                || !root.TryGetProperty("connection", out var id) || id.ValueKind != JsonValueKind.Number || !id.TryGetInt64(out var connection))
            {
                return false;
            }

            var management = Uri.TryCreate(TextOf(root, "management"), UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? url : null;
            banner = new Banner(instance, TextOf(root, "version") ?? "", connection, management);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string? TextOf(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
