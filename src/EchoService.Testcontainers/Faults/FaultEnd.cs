using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>Why a fault is over.</summary>
[JsonConverter(typeof(CamelCaseConverter<FaultEnd>))]
public enum FaultEnd
{
    /// <summary>Its time was up.</summary>
    Expired,

    /// <summary>Somebody ended it.</summary>
    Deleted,

    /// <summary>A drain began, whose promise it would have broken.</summary>
    Drained,
}
