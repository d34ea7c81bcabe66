using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>Who asked for a connection's end, or why it came.</summary>
[JsonConverter(typeof(CamelCaseConverter<CloseReason>))]
public enum CloseReason
{
    /// <summary>The client sent FIN.</summary>
    ClientFin,

    /// <summary>The client sent RST.</summary>
    ClientReset,

    /// <summary><c>Echo:IdleTimeout</c> had passed with no byte in either direction.</summary>
    IdleTimeout,

    /// <summary><c>Echo:SendTimeout</c> had passed and the client had taken nothing of its echo.</summary>
    SendTimeout,

    /// <summary>It had reached <c>Echo:MaxLifetime</c>.</summary>
    MaxLifetime,

    /// <summary>The management API was told to close it.</summary>
    Admin,

    /// <summary>A drain closed it in order.</summary>
    Drain,

    /// <summary>It was left at a drain's deadline.</summary>
    DrainForced,

    /// <summary>Its PROXY header was missing, malformed, late or not to be trusted.</summary>
    ProxyHeader,

    /// <summary>A fault ended it.</summary>
    Fault,

    /// <summary>The socket failed.</summary>
    Error,
}
