namespace EchoService.Transport.Faults;

/// <summary>The ways in which the service can misbehave when it is told to. What each does: <c>docs/faults.md</c>.</summary>
internal enum FaultKind
{
    /// <summary>Each echo leaves later, in order.</summary>
    Delay,

    /// <summary>A connection gets no more than so many bytes per second.</summary>
    Throttle,

    /// <summary>Nothing is read or sent.</summary>
    Stall,

    /// <summary>The echo leaves in pieces.</summary>
    Slice,

    /// <summary>The connection ends by RST.</summary>
    Reset,

    /// <summary>The connection ends by FIN, in the middle of a message too.</summary>
    Fin,

    /// <summary>A byte now and then comes back as another.</summary>
    Corrupt,

    /// <summary>A byte now and then does not come back.</summary>
    Drop,

    /// <summary>A byte now and then comes back twice.</summary>
    Duplicate,

    /// <summary>The client's FIN is not answered.</summary>
    KeepOpen,

    /// <summary>The listener is closed.</summary>
    Refuse,

    /// <summary>The listener is there, and nobody is accepted.</summary>
    NoAccept,

    /// <summary>Who connects is accepted and reset.</summary>
    ResetNew,

    /// <summary>Readiness is denied while all else goes on.</summary>
    Unready,

    /// <summary>Readiness is claimed while a drain is on.</summary>
    FalseReady,

    /// <summary>Datagrams are not answered.</summary>
    UdpDrop,

    /// <summary>Datagrams are answered later.</summary>
    UdpDelay,

    /// <summary>Datagrams are answered twice.</summary>
    UdpDuplicate,
}
