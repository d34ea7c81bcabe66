using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>Which clients to close, and how. At least one of the filters or percent must be given.</summary>
public sealed record CloseClientsRequest
{
    /// <summary>Only clients from this address or range (CIDR).</summary>
    public string? Remote { get; init; }

    /// <summary>Only clients that have been connected for at least this long.</summary>
    [JsonPropertyName("minAgeSeconds")]
    [JsonConverter(typeof(SecondsConverter))]
    public TimeSpan? MinAge { get; init; }

    /// <summary>Only clients that have neither sent nor received a byte for at least this long.</summary>
    [JsonPropertyName("minIdleSeconds")]
    [JsonConverter(typeof(SecondsConverter))]
    public TimeSpan? MinIdle { get; init; }

    /// <summary>How much of the clients that match, drawn at random: more than 0, up to 100. Without it, all of them.</summary>
    public double? Percent { get; init; }

    /// <summary><see cref="CloseMode.Graceful"/> where none is given.</summary>
    public CloseMode? Mode { get; init; }

    /// <summary>Time over which they are closed, evenly, up to a day; at once where none is given.</summary>
    [JsonPropertyName("spreadSeconds")]
    [JsonConverter(typeof(SecondsConverter))]
    public TimeSpan? Spread { get; init; }

    /// <summary>Whether only to count.</summary>
    public bool? DryRun { get; init; }
}
