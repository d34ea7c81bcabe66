using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>Why a connection was turned away.</summary>
[JsonConverter(typeof(CamelCaseConverter<RejectReason>))]
public enum RejectReason
{
    /// <summary><c>Echo:MaxConnections</c> connections were open.</summary>
    Limit,

    /// <summary>The listener was being closed by a drain.</summary>
    Draining,

    /// <summary>Descriptors or memory for one more could not be had.</summary>
    Resource,
}
