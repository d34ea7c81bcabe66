using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>What a drain is to do differently from the configuration. A field left out keeps what the section Drain says.</summary>
public sealed record DrainRequest
{
    /// <summary>Lame-duck time: not ready, still accepting. Up to a day.</summary>
    [JsonPropertyName("readinessDelaySeconds")]
    [JsonConverter(typeof(SecondsConverter))]
    public TimeSpan? ReadinessDelay { get; init; }

    /// <summary>From the closing of the listener to the deadline, up to a day. Of a drain that is on, a shorter one brings the deadline forward, a longer one is ignored.</summary>
    [JsonPropertyName("timeoutSeconds")]
    [JsonConverter(typeof(SecondsConverter))]
    public TimeSpan? Timeout { get; init; }

    /// <summary>Time over which connections are closed gracefully, longest idle first. Zero: at once; <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>: not before the deadline; up to a day.</summary>
    [JsonPropertyName("spreadSeconds")]
    [JsonConverter(typeof(SecondsConverter))]
    public TimeSpan? Spread { get; init; }

    /// <summary>What happens to those left at the deadline.</summary>
    public DeadlineAction? OnDeadline { get; init; }
}
