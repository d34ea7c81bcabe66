using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>What clients are listed by.</summary>
[JsonConverter(typeof(CamelCaseConverter<ClientSort>))]
public enum ClientSort
{
    /// <summary>Oldest first.</summary>
    Id,

    /// <summary>The shortest connected first.</summary>
    Age,

    /// <summary>The shortest idle first.</summary>
    Idle,

    /// <summary>The fewest bytes received first.</summary>
    BytesReceived,

    /// <summary>The fewest bytes sent first.</summary>
    BytesSent,

    /// <summary>The fewest bytes pending first.</summary>
    PendingBytes,
}
