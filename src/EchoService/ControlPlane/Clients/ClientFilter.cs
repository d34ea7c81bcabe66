using EchoService.Transport.Accepting;
using EchoService.Transport.Addressing;
using EchoService.Transport.Connections;

namespace EchoService.ControlPlane.Clients;

/// <summary>Which connections a call is about. Zeros and nulls let everyone through.</summary>
/// <param name="State">The state they are in; null for open and closing ones.</param>
/// <param name="Listener">What accepted them.</param>
/// <param name="Remote">Where they come from.</param>
/// <param name="MinAge">For how long they have been connected at least.</param>
/// <param name="MinIdle">For how long no byte has moved at least.</param>
/// <param name="MinPendingBytes">How many bytes at least have not been sent back.</param>
/// <param name="Fault">Which fault has hold of them, or has ended them.</param>
internal sealed record ClientFilter(ConnectionState? State, ListenerKind? Listener, AddressRange? Remote, TimeSpan MinAge, TimeSpan MinIdle, long MinPendingBytes, long? Fault = null)
{
    /// <summary>Lets all open and closing clients through.</summary>
    public static ClientFilter Everyone { get; } = new(null, null, null, TimeSpan.Zero, TimeSpan.Zero, 0);

    /// <param name="connection">Whom it is about.</param>
    /// <param name="now">Milliseconds of the server's clock.</param>
    public bool Matches(EchoConnection connection, long now)
    {
        var state = connection.State;
        var until = state == ConnectionState.Closed ? connection.EndedAt : now;
        return (State is null ? state != ConnectionState.Closed : state == State)
            && (Listener is null || connection.Listener == Listener)
            && until - connection.ConnectedAt >= MinAge.TotalMilliseconds
            && until - connection.LastActiveAt >= MinIdle.TotalMilliseconds
            && connection.PendingBytes >= MinPendingBytes
            && (Fault is not { } fault || connection.Detour?.IsHeldBy(fault) is true)
            && (Remote is null || Remote.Contains(connection.RemoteEndPoint.Address));
    }
}
