using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>Who asked for a drain.</summary>
[JsonConverter(typeof(CamelCaseConverter<DrainTrigger>))]
public enum DrainTrigger
{
    /// <summary>A call of the management API.</summary>
    Api,

    /// <summary>SIGTERM or SIGINT.</summary>
    Signal,
}
