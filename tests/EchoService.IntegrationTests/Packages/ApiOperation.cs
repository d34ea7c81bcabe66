using System.Text.Json;
using System.Text.RegularExpressions;

namespace EchoService.IntegrationTests.Packages;

/// <summary>An operation of docs/openapi.json.</summary>
internal sealed record ApiOperation(string Method, string Path, JsonElement Json)
{
    public string Id => Json.GetProperty("operationId").GetString()!;

    /// <summary>The names of its query parameters.</summary>
    public IEnumerable<string> Query => Parameters.Where(parameter => parameter.GetProperty("in").GetString() == "query").Select(parameter => parameter.GetProperty("name").GetString()!);

    public IEnumerable<JsonElement> Parameters => Json.TryGetProperty("parameters", out var parameters) ? parameters.EnumerateArray() : [];

    /// <summary>Whether a path is one of this operation's.</summary>
    public bool Matches(string path) => Regex.IsMatch(path, $"^{Regex.Replace(Path, @"\{\w+\}", "[^/]+")}$");

    /// <summary>How it answers where all is well: status, media type and an example.</summary>
    public (int Status, string MediaType, string Example) Answer
    {
        get
        {
            var (status, response) = Json.GetProperty("responses").EnumerateObject().Where(response => response.Name[0] == '2').Select(response => (response.Name, response.Value)).Single();
            var content = response.GetProperty("content").EnumerateObject().First();
            var example = content.Value.TryGetProperty("example", out var given) ? given : JsonElement.Parse("\"\"");
            return (int.Parse(status, System.Globalization.CultureInfo.InvariantCulture), content.Name, example.ValueKind == JsonValueKind.String ? example.GetString()! : example.GetRawText());
        }
    }
}
