using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>Where the service is between serving and gone.</summary>
[JsonConverter(typeof(CamelCaseConverter<ServicePhase>))]
public enum ServicePhase
{
    /// <summary>It takes clients.</summary>
    Serving,

    /// <summary>Not ready, still accepting.</summary>
    LameDuck,

    /// <summary>The listener is closed; open connections echo on and are closed one by one.</summary>
    Draining,

    /// <summary>The deadline has passed; those left are being cut off.</summary>
    Forcing,

    /// <summary>Nobody is left.</summary>
    Drained,
}
