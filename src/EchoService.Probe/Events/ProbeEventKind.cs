namespace EchoService.Probe.Events;

/// <summary>The vocabulary of events and of a verdict's causes, gravest first; docs/probe.md says it in full.</summary>
internal enum ProbeEventKind
{
    /// <summary>Bytes came back that were not sent.</summary>
    Corrupted,

    /// <summary>Bytes are missing from the middle of the stream: what came after them did come back.</summary>
    LostBytes,

    /// <summary>The server, or something between, sent RST on an established connection.</summary>
    Reset,

    /// <summary>The server sent FIN with a message half echoed.</summary>
    FinInsideMessage,

    /// <summary>No byte came for the whole timeout while an answer was due; the probe gave the connection up.</summary>
    Stalled,

    /// <summary>A flow's datagrams are lost while those of fresh flows are answered: what is bound to its source port leads nowhere.</summary>
    StuckFlow,

    /// <summary>A host answered that nothing listens there (RST to the SYN; over UDP an ICMP error).</summary>
    Refused,

    /// <summary>Nobody answered the SYN in time: packets are dropped on the way, or the listener's backlog is full.</summary>
    ConnectTimeout,

    /// <summary>No route, an ICMP error, or a name that does not resolve.</summary>
    Unreachable,

    /// <summary>The probe's own machine ran out of descriptors, ports, memory or time; says nothing about the server.</summary>
    LocalLimit,

    /// <summary>Messages were never answered; over TCP a cause only, over UDP an event too.</summary>
    LostMessages,

    /// <summary>A client waited longer for an answer than <c>--max-gap</c>; a cause only.</summary>
    LongGap,

    /// <summary>A datagram came back more than once.</summary>
    Duplicated,

    /// <summary>A datagram came back after one that was sent after it.</summary>
    Reordered,

    /// <summary>An answer took longer than allowed; as an event, the first of a row.</summary>
    Late,

    /// <summary>The server sent FIN after whole messages alone: a server that takes its leave, or one that was killed with nothing unread.</summary>
    FinAtBoundary,

    /// <summary>The first answer on a connection that replaced one; an event only.</summary>
    Reconnected,

    /// <summary>An instance has got its first connection, with <c>--banner</c>; an event only.</summary>
    InstanceAppeared,

    /// <summary>An instance has no connection any more; an event only.</summary>
    InstanceGone,

    /// <summary>Why something happened, as the instance itself has it, with <c>--explain</c>; an event only.</summary>
    Explained,
}
