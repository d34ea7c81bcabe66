using System.Text.Json;

namespace EchoService.IntegrationTests.Probe;

/// <summary>
/// Checks a document against the keywords that docs/probe.schema.json uses. A keyword that is not known here fails,
/// so that nothing in the schema is passed over.
/// </summary>
internal sealed class JsonSchemaCheck(JsonElement schema)
{
    private readonly List<string> _faults = [];

    public IReadOnlyList<string> Faults(JsonElement document)
    {
        Check(schema, document, "$");
        return _faults;
    }

    private void Check(JsonElement rules, JsonElement value, string path)
    {
        foreach (var rule in rules.EnumerateObject())
        {
            var holds = rule.Name switch
            {
                "$schema" or "$defs" or "title" or "description" => true,
                "$ref" => Follow(rule.Value.GetString()!, value, path),
                "type" => TypesOf(rule.Value).Any(type => IsOfType(value, type)),
                "const" => JsonElement.DeepEquals(rule.Value, value),
                "enum" => rule.Value.EnumerateArray().Any(allowed => JsonElement.DeepEquals(allowed, value)),
                "minimum" => value.ValueKind != JsonValueKind.Number || value.GetDouble() >= rule.Value.GetDouble(),
                "maxItems" => value.GetArrayLength() <= rule.Value.GetInt32(),
                "uniqueItems" => value.EnumerateArray().Select(item => item.GetRawText()).Distinct().Count() == value.GetArrayLength(),
                "format" => value.TryGetDateTime(out var time) && time.Kind == DateTimeKind.Utc,
                "required" => value.ValueKind != JsonValueKind.Object || rule.Value.EnumerateArray().All(name => value.TryGetProperty(name.GetString()!, out _)),
                "additionalProperties" => value.ValueKind != JsonValueKind.Object || value.EnumerateObject().All(p => rules.GetProperty("properties").TryGetProperty(p.Name, out _)),
                "properties" => value.ValueKind != JsonValueKind.Object || All(rule.Value.EnumerateObject(), p => value.TryGetProperty(p.Name, out var child), p => (p.Value, value.GetProperty(p.Name), $"{path}.{p.Name}")),
                "items" => All(value.EnumerateArray(), _ => true, item => (rule.Value, item, $"{path}[]")),
                _ => false,
            };
            if (!holds)
            {
                _faults.Add($"{path}: {rule.Name} {rule.Value.GetRawText()} does not hold of {value.GetRawText()}");
            }
        }
    }

    private bool All<T>(IEnumerable<T> children, Func<T, bool> isThere, Func<T, (JsonElement Rules, JsonElement Value, string Path)> of)
    {
        foreach (var child in children.Where(isThere))
        {
            var (rules, value, path) = of(child);
            Check(rules, value, path);
        }

        return true;
    }

    private bool Follow(string reference, JsonElement value, string path)
    {
        const string Definitions = "#/$defs/";
        reference.ShouldStartWith(Definitions);
        Check(schema.GetProperty("$defs").GetProperty(reference[Definitions.Length..]), value, path);
        return true;
    }

    private static IEnumerable<string> TypesOf(JsonElement type) => type.ValueKind == JsonValueKind.Array
        ? type.EnumerateArray().Select(one => one.GetString()!)
        : [type.GetString()!];

    private static bool IsOfType(JsonElement value, string type) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "null" => value.ValueKind == JsonValueKind.Null,
        _ => false,
    };
}
