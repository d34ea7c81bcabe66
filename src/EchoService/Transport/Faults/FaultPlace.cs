namespace EchoService.Transport.Faults;

/// <summary>What a fault is about, and with it where it acts.</summary>
internal enum FaultPlace
{
    /// <summary>The bytes of TCP connections.</summary>
    Connection,

    /// <summary>The TCP listener. One such fault at a time.</summary>
    Listener,

    /// <summary>What the probes are told. One such fault at a time.</summary>
    Readiness,

    /// <summary>UDP. One of each kind at a time.</summary>
    Datagram,
}
