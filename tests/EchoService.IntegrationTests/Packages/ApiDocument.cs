using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Packages;

/// <summary>docs/openapi.json, as the tests of the module read it.</summary>
internal static class ApiDocument
{
    private static readonly JsonElement Root = JsonElement.Parse(File.ReadAllText(Repository.PathOf("docs", "openapi.json")));

    public static IReadOnlyDictionary<string, JsonElement> Schemas { get; } =
        Root.GetProperty("components").GetProperty("schemas").EnumerateObject().ToDictionary(schema => schema.Name, schema => schema.Value);

    /// <summary>Every operation by its id.</summary>
    public static IReadOnlyDictionary<string, ApiOperation> Operations { get; } = Root.GetProperty("paths").EnumerateObject()
        .SelectMany(path => path.Value.EnumerateObject().Select(operation => new ApiOperation(operation.Name.ToUpperInvariant(), path.Name, operation.Value)))
        .ToDictionary(operation => operation.Id);

    /// <summary>The operation that a request is of.</summary>
    public static ApiOperation Find(string method, string path) => Operations.Values
        .Where(operation => operation.Method == method && operation.Matches(path))
        // A name is nearer than a parameter.
        .OrderBy(operation => operation.Path.Contains('{', StringComparison.Ordinal))
        .FirstOrDefault() ?? throw new ShouldAssertException($"{method} {path} is no operation of docs/openapi.json");
}
