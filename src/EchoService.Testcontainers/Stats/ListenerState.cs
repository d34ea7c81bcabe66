using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>Whether clients can connect.</summary>
[JsonConverter(typeof(CamelCaseConverter<ListenerState>))]
public enum ListenerState
{
    /// <summary>They can.</summary>
    Listening,

    /// <summary>They cannot.</summary>
    Closed,
}
