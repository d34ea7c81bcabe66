using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>What the data plane listens on.</summary>
public sealed record ListenerStats
{
    /// <summary>tcp or udp.</summary>
    public required string Protocol { get; init; }

    /// <summary>Address and port.</summary>
    [JsonPropertyName("endpoint")]
    public required string EndPoint { get; init; }

    /// <summary>Whether clients can connect.</summary>
    public required ListenerState State { get; init; }

    /// <summary>Whether it echoes from the first byte on, or sends a banner first.</summary>
    public required ListenerKind Listener { get; init; }
}
