using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>How a connection is closed.</summary>
[JsonConverter(typeof(CamelCaseConverter<CloseMode>))]
public enum CloseMode
{
    /// <summary>What has been read is echoed, then FIN.</summary>
    Graceful,

    /// <summary>Cut off at once.</summary>
    Reset,
}
