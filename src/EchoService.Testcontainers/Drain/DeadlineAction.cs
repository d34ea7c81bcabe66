using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>What happens to those left at a drain's deadline.</summary>
[JsonConverter(typeof(CamelCaseConverter<DeadlineAction>))]
public enum DeadlineAction
{
    /// <summary>RST.</summary>
    Reset,

    /// <summary>FIN.</summary>
    Fin,
}
