using System.Net.Sockets;
using EchoService.Probe.Events;

namespace EchoService.Probe.Dialing;

/// <summary>What the kernel's word on a connection means in the probe's vocabulary.</summary>
internal static class Failures
{
    /// <summary>How an established connection ended.</summary>
    /// <param name="error">What the receiving side was told; Success is an end of stream.</param>
    /// <param name="metReset">Whether the sending side was told of a RST: the kernel tells one side, and the other reads a plain end.</param>
    /// <param name="partial">Bytes of a message that had come back.</param>
    public static ProbeEventKind OfEnd(SocketError error, bool metReset, int partial) => error switch
    {
        SocketError.Success when !metReset => partial == 0 ? ProbeEventKind.FinAtBoundary : ProbeEventKind.FinInsideMessage,
        // The kernel gave up on the peer: keep-alive or retransmission met silence, or a route went away.
        SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable => ProbeEventKind.Stalled,
        _ => ProbeEventKind.Reset,
    };

    /// <summary>Why a connection could not be made.</summary>
    public static ProbeEventKind OfConnect(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => ProbeEventKind.Refused,
        // A RST that answers the SYN is told as a refusal: this one came when the handshake was done already, before the
        // runtime had asked how it went.
        SocketError.ConnectionReset or SocketError.Shutdown => ProbeEventKind.Reset,
        SocketError.TimedOut => ProbeEventKind.ConnectTimeout,
        SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable or SocketError.AddressNotAvailable
            or SocketError.AddressAlreadyInUse => ProbeEventKind.LocalLimit,
        _ => ProbeEventKind.Unreachable,
    };

    /// <summary>What came of a datagram; the kernel tells the socket of it that sent it, at its next call.</summary>
    public static ProbeEventKind OfDatagram(SocketError error) => error switch
    {
        // An ICMP error, which Windows gives the second name.
        SocketError.ConnectionRefused or SocketError.ConnectionReset => ProbeEventKind.Refused,
        SocketError.TooManyOpenSockets or SocketError.NoBufferSpaceAvailable => ProbeEventKind.LocalLimit,
        _ => ProbeEventKind.Unreachable,
    };
}
