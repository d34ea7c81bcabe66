using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>A fault at one moment. Parameters that its kind does not have, or that were not given, are left out.</summary>
public sealed record ActiveFault
{
    /// <summary>Never reused within a process.</summary>
    public required long Id { get; init; }

    /// <summary>What goes wrong.</summary>
    public required FaultKind Kind { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it ends by itself.</summary>
    public required DateTimeOffset EndsAt { get; init; }

    /// <summary>The time between the two.</summary>
    [JsonPropertyName("durationSeconds")]
    [JsonConverter(typeof(SecondsConverter))]
    public required TimeSpan Duration { get; init; }

    /// <summary>Connections that it has taken hold of so far, or reset; datagrams, for one that is about those.</summary>
    public required long ConnectionsAffected { get; init; }

    /// <summary>Connections that it has hold of now.</summary>
    public required int ConnectionsHeld { get; init; }

    /// <summary>Bytes that it has altered, held back or kept from being sent.</summary>
    public required long BytesAffected { get; init; }

    /// <summary>How much later an echo leaves.</summary>
    [JsonPropertyName("milliseconds")]
    [JsonConverter(typeof(MillisecondsConverter))]
    public TimeSpan? Delay { get; init; }

    /// <summary>How much more than that at most.</summary>
    [JsonPropertyName("jitterMilliseconds")]
    [JsonConverter(typeof(MillisecondsConverter))]
    public TimeSpan? Jitter { get; init; }

    /// <summary>What each connection gets.</summary>
    public long? BytesPerSecond { get; init; }

    /// <summary>The size of a piece.</summary>
    public long? Bytes { get; init; }

    /// <summary>The time between two pieces.</summary>
    [JsonPropertyName("everyMilliseconds")]
    [JsonConverter(typeof(MillisecondsConverter))]
    public TimeSpan? Every { get; init; }

    /// <summary>After how many bytes connections are cut.</summary>
    public long? AfterBytes { get; init; }

    /// <summary>After how long they are.</summary>
    [JsonPropertyName("afterSeconds")]
    [JsonConverter(typeof(SecondsConverter))]
    public TimeSpan? After { get; init; }

    /// <summary>Of how many bytes the last is altered.</summary>
    public long? EveryBytes { get; init; }

    /// <summary>Which connections, by when they were accepted.</summary>
    public FaultScope? Connections { get; init; }

    /// <summary>Only clients from there.</summary>
    public string? Remote { get; init; }

    /// <summary>How much of what it meets it is about.</summary>
    public double? Percent { get; init; }

    /// <summary>What chance is drawn from.</summary>
    public long? Seed { get; init; }
}
