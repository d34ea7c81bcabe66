using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>A process.</summary>
public sealed record InstanceStats
{
    /// <summary>The host's or pod's name.</summary>
    public required string Name { get; init; }

    /// <summary>The service's version.</summary>
    public required string Version { get; init; }

    /// <summary>When it started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>How long ago that was.</summary>
    [JsonPropertyName("uptimeSeconds")]
    [JsonConverter(typeof(SecondsConverter))]
    public required TimeSpan Uptime { get; init; }
}
