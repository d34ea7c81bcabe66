using System.Net.Sockets;

namespace EchoService.Transport.Accepting;

/// <summary>What listeners share, and all that one knows of the world.</summary>
internal sealed class ListenerContext
{
    public required EchoOptions Options { get; init; }

    public required ConnectionLimit Limit { get; init; }

    public required TransportCounters Counters { get; init; }

    /// <summary>What accept loops pass with whom they have accepted.</summary>
    public required AcceptGate Gate { get; init; }

    public required TimeProvider TimeProvider { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Takes over an accepted socket, by what it came, and whether a place was taken for it beforehand.</summary>
    public required Action<Socket, ListenerKind, bool> Admit { get; init; }

    /// <summary>Takes over an accepted socket that is not to become a connection.</summary>
    public required Action<Socket, RejectReason> TurnAway { get; init; }
}
