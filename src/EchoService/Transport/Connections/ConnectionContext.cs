using EchoService.Transport.Buffers;
using EchoService.Transport.Fairness;
using EchoService.Transport.Faults;
using EchoService.Transport.ProxyProtocol;
using EchoService.Transport.Timing;

namespace EchoService.Transport.Connections;

/// <summary>What connections share, and all that one knows of the world.</summary>
internal sealed class ConnectionContext
{
    public required ConnectionTimeouts Timeouts { get; init; }

    /// <summary>Who may connect, and begins with a PROXY header; null: anyone, and nobody does.</summary>
    public required TrustedProxies? TrustedProxies { get; init; }

    public required TimeProvider TimeProvider { get; init; }

    public required CoarseClock Clock { get; init; }

    public required BufferManager Buffers { get; init; }

    public required SocketAsyncEventArgsPool EventArgs { get; init; }

    public required Turnstiles Turnstiles { get; init; }

    public required TransportCounters Counters { get; init; }

    public required FaultTable Faults { get; init; }

    public required IConnectionObserver Observer { get; init; }

    public required ILogger Logger { get; init; }

    /// <summary>Told of each connection when it has ended and given back what it had borrowed, as the last thing that its loop does.</summary>
    public required Action<EchoConnection> Ended { get; init; }
}
