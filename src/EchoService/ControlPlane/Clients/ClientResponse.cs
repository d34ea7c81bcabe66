using EchoService.ControlPlane.Requests;
using EchoService.Transport.Accepting;
using EchoService.Transport.Connections;
using EchoService.Transport.Timing;

namespace EchoService.ControlPlane.Clients;

/// <summary>A connection at one moment.</summary>
/// <param name="Id">Never reused within a process.</param>
/// <param name="RemoteEndPoint">The client: as the PROXY header has it where there is one, else the socket's peer.</param>
/// <param name="PeerEndPoint">The socket's peer.</param>
/// <param name="LocalEndPoint">Our end of the socket; null where it was gone before anyone asked.</param>
/// <param name="Proxied">Whether a PROXY header named the client.</param>
/// <param name="State">Where it is in its life.</param>
/// <param name="ConnectedAt">When it was accepted.</param>
/// <param name="AgeSeconds">How long it has been or was connected.</param>
/// <param name="LastReceivedAt">When bytes last came; null while none have.</param>
/// <param name="LastSentAt">When bytes last went back; null while none have.</param>
/// <param name="IdleSeconds">How long no byte has moved in either direction.</param>
/// <param name="BytesReceived">Bytes received from it.</param>
/// <param name="BytesSent">Bytes sent back to it.</param>
/// <param name="PendingBytes">Bytes received and not sent back yet; 0 once closed.</param>
/// <param name="ClosedAt">When it ended; null while it has not.</param>
/// <param name="CloseReason">Who asked for its end; null while it is open.</param>
/// <param name="ClosedHow">Whether it ended in order or was cut off; null while it has not.</param>
/// <param name="BytesUnsent">Bytes received that were never handed to the kernel for the way back; 0 while it is open.</param>
/// <param name="ClosePercent">The share that a call of <c>POST /clients/close</c> shed which closed it; null where none did.</param>
/// <param name="Listener">Which port it came by: echo, or the one with a banner.</param>
/// <param name="Fault">The fault that has had hold of it for longest, or that has ended it; null: none.</param>
internal sealed record ClientResponse(
    long Id,
    string RemoteEndPoint,
    string PeerEndPoint,
    string? LocalEndPoint,
    bool Proxied,
    ConnectionState State,
    DateTime ConnectedAt,
    double AgeSeconds,
    DateTime? LastReceivedAt,
    DateTime? LastSentAt,
    double IdleSeconds,
    long BytesReceived,
    long BytesSent,
    long PendingBytes,
    DateTime? ClosedAt,
    CloseReason? CloseReason,
    ClosedHow? ClosedHow,
    long BytesUnsent,
    double? ClosePercent,
    ListenerKind Listener,
    long? Fault)
{
    public static ClientResponse From(EchoConnection connection, CoarseClock clock)
    {
        var state = connection.State;
        var reason = connection.CloseReason;
        // Sent first, for it is the smaller one.
        var sent = connection.BytesSent;
        var received = connection.BytesReceived;
        var pending = connection.PendingBytes;
        var lastActiveAt = connection.LastActiveAt;
        // The clock of a connection that ends this very moment may not be written yet; it never ends before it was active.
        var until = state == ConnectionState.Closed ? Math.Max(connection.EndedAt, lastActiveAt) : Math.Max(clock.Now, lastActiveAt);
        return new ClientResponse(
            connection.Id,
            EndPointText.Format(connection.RemoteEndPoint),
            EndPointText.Format(connection.PeerEndPoint),
            connection.LocalEndPoint is { } local ? EndPointText.Format(local) : null,
            connection.Proxied,
            state,
            clock.ToUtc(connection.ConnectedAt).UtcDateTime,
            (until - connection.ConnectedAt) / 1000.0,
            received > 0 ? clock.ToUtc(connection.LastReceivedAt).UtcDateTime : null,
            sent > 0 ? clock.ToUtc(connection.LastSentAt).UtcDateTime : null,
            (until - lastActiveAt) / 1000.0,
            received,
            sent,
            state == ConnectionState.Closed ? 0 : pending,
            state == ConnectionState.Closed ? clock.ToUtc(until).UtcDateTime : null,
            reason == Transport.Connections.CloseReason.None ? null : reason,
            state == ConnectionState.Closed ? HowOf(connection.CloseOutcome) : null,
            state == ConnectionState.Closed ? pending : 0,
            Shedding.ShareOf(connection),
            connection.Listener,
            connection.Detour?.FaultId);
    }

    private static ClosedHow HowOf(CloseOutcome outcome) => outcome == CloseOutcome.InOrder ? Clients.ClosedHow.Fin : Clients.ClosedHow.Reset;
}
