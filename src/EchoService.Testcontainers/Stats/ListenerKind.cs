using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>Which of the listeners.</summary>
[JsonConverter(typeof(CamelCaseConverter<ListenerKind>))]
public enum ListenerKind
{
    /// <summary>It echoes from the first byte on.</summary>
    Echo,

    /// <summary>It sends a line that says who answers first.</summary>
    Banner,
}
