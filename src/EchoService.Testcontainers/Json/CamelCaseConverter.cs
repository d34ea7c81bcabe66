using System.Text.Json;
using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>Names of an enum as the API writes them, and nothing else.</summary>
internal sealed class CamelCaseConverter<TEnum>() : JsonStringEnumConverter<TEnum>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where TEnum : struct, Enum;
