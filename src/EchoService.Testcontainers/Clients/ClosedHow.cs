using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>Whether a connection ended in order or was cut off.</summary>
[JsonConverter(typeof(CamelCaseConverter<ClosedHow>))]
public enum ClosedHow
{
    /// <summary>In order.</summary>
    Fin,

    /// <summary>Cut off.</summary>
    Reset,
}
