using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>Whether the process lives, or whether it wants clients.</summary>
[JsonConverter(typeof(CamelCaseConverter<HealthStatus>))]
public enum HealthStatus
{
    /// <summary>Yes.</summary>
    Ok,

    /// <summary>No.</summary>
    Unavailable,
}
