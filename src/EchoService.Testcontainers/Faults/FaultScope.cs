using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>Which connections a fault is about, by when they were accepted.</summary>
[JsonConverter(typeof(CamelCaseConverter<FaultScope>))]
public enum FaultScope
{
    /// <summary>All of them.</summary>
    All,

    /// <summary>Those accepted after the fault began.</summary>
    New,

    /// <summary>Those that were open when it began.</summary>
    Open,
}
