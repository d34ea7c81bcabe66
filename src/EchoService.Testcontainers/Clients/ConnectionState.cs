using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>Where a connection is in its life, as seen from outside.</summary>
[JsonConverter(typeof(CamelCaseConverter<ConnectionState>))]
public enum ConnectionState
{
    /// <summary>It echoes.</summary>
    Open,

    /// <summary>Its end has been asked for.</summary>
    Closing,

    /// <summary>It has ended.</summary>
    Closed,
}
