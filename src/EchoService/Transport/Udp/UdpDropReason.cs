namespace EchoService.Transport.Udp;

/// <summary>Why a datagram was not echoed.</summary>
internal enum UdpDropReason
{
    /// <summary>Its source address had sent more than <c>Echo:Udp:RatePerSource</c> in that second.</summary>
    Rate,

    /// <summary>It came from a port that a server answers on: below 1024, or our own. Two echo servers would go on for ever.</summary>
    ReservedPort,

    /// <summary>It was sent to a multicast or broadcast address. Every service that heard it would answer.</summary>
    NotUnicast,

    /// <summary>No socket could be had for the local address that it was sent to.</summary>
    Resource,

    /// <summary>A fault that was asked for.</summary>
    Fault,

    /// <summary>The kernel did not take the reply: no route, a firewall, a full queue, a close in between.</summary>
    Send,
}
