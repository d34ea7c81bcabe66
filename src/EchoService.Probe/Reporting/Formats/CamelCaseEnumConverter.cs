using System.Text.Json;
using System.Text.Json.Serialization;

namespace EchoService.Probe.Reporting.Formats;

/// <summary>An enum as a camelCase string.</summary>
internal sealed class CamelCaseEnumConverter<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase)
    where T : struct, Enum;
