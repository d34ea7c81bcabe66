using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>The ways in which the service can misbehave when it is told to.</summary>
[JsonConverter(typeof(CamelCaseConverter<FaultKind>))]
public enum FaultKind
{
    /// <summary>Each echo leaves later.</summary>
    Delay,

    /// <summary>Each connection gets so many bytes a second.</summary>
    Throttle,

    /// <summary>Nothing is read or sent.</summary>
    Stall,

    /// <summary>The echo leaves in pieces.</summary>
    Slice,

    /// <summary>RST.</summary>
    Reset,

    /// <summary>FIN, in the middle of a message too.</summary>
    Fin,

    /// <summary>Of so many bytes the last comes back inverted.</summary>
    Corrupt,

    /// <summary>Of so many bytes the last does not come back.</summary>
    Drop,

    /// <summary>Of so many bytes the last comes back twice.</summary>
    Duplicate,

    /// <summary>The client's FIN is not answered.</summary>
    KeepOpen,

    /// <summary>The listeners are closed.</summary>
    Refuse,

    /// <summary>Nobody is accepted.</summary>
    NoAccept,

    /// <summary>New connections are reset at once.</summary>
    ResetNew,

    /// <summary><c>/readyz</c> says 503, all else serves.</summary>
    Unready,

    /// <summary><c>/readyz</c> says 200 through a drain.</summary>
    FalseReady,

    /// <summary>A datagram is not answered.</summary>
    UdpDrop,

    /// <summary>A datagram is answered later.</summary>
    UdpDelay,

    /// <summary>A datagram is answered twice.</summary>
    UdpDuplicate,
}
