using System.Diagnostics.CodeAnalysis;
using System.Text.Json.Nodes;
using EchoService.Configuration;
using Microsoft.OpenApi;

namespace EchoService.ControlPlane.Requests;

/// <summary>A query parameter of a call: what it is checked by and described from, so that the two cannot differ.</summary>
internal abstract class QueryParameter(string name, string description, Func<OpenApiSchema> schema)
{
    public string Name { get; } = name;

    public string Description { get; } = description;

    /// <summary>A fresh schema, for a document to own.</summary>
    public Func<OpenApiSchema> Schema { get; } = schema;

    /// <summary>What somebody might give; null where the schema says it all.</summary>
    public JsonNode? Example { get; init; }

    /// <summary>Why <paramref name="text"/> cannot be taken; null if it can.</summary>
    public abstract string? Check(string text);
}

/// <summary>A <see cref="QueryParameter"/> of a kind of value.</summary>
internal sealed class QueryParameter<T>(string name, ValueFormat<T> format, string description, Func<OpenApiSchema> schema)
    : QueryParameter(name, description, schema)
{
    public override string? Check(string text) => format.TryParse(text, out _) ? null : format.Explain(text);

    /// <summary>The value, or <paramref name="fallback"/> where it is not given. Called once the query has been checked.</summary>
    public T Read(IQueryCollection query, T fallback) => TryRead(query, out var value) ? value : fallback;

    /// <summary>The value; false where it is not given. Called once the query has been checked.</summary>
    public bool TryRead(IQueryCollection query, [MaybeNullWhen(false)] out T value)
    {
        value = default;
        return query.TryGetValue(Name, out var text) && format.TryParse(text.ToString(), out value);
    }
}
