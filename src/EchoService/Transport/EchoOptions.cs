using System.Net;
using EchoService.Transport.Accepting;
using EchoService.Transport.Addressing;
using EchoService.Transport.ProxyProtocol;
using EchoService.Transport.Udp;

namespace EchoService.Transport;

/// <summary>The section <c>Echo</c>: the data plane. Ranges are enforced where the section is read (<c>Configuration/</c>).</summary>
internal sealed record EchoOptions
{
    /// <summary>Local address to bind. <c>::</c> is dual stack and falls back to <c>0.0.0.0</c> where IPv6 is off.</summary>
    public IPAddress Address { get; init; } = IPAddress.IPv6Any;

    /// <summary>TCP port, 0 to 65535; 0 means any free port.</summary>
    public int Port { get; init; } = 7007;

    /// <summary>TCP port of a second listener, whose connections get a line first that says who answers; 0 means any free port, null that there is none.</summary>
    public int? BannerPort { get; init; }

    /// <summary>Concurrent TCP connections; the pool of event args is bounded by it.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>What happens at the limit.</summary>
    public LimitPolicy LimitPolicy { get; init; } = LimitPolicy.Reject;

    /// <summary>Listen backlog in connections; the kernel caps it at <c>net.core.somaxconn</c>.</summary>
    public int Backlog { get; init; } = 512;

    /// <summary>Accept operations outstanding at once.</summary>
    /// <remarks>
    /// When one of several on a socket completes, the runtime leaves the next to the thread pool (SocketAsyncContext.Unix.cs),
    /// and with it the first turn of whom it accepts. What that costs: <c>docs/performance.md</c>.
    /// </remarks>
    public int PendingAccepts { get; init; } = 1;

    /// <summary>Bytes of a small buffer segment: what a connection has while no more than that of an echo waits for its client.</summary>
    public int ReceiveBufferSize { get; init; } = 1024;

    /// <summary>Bytes of a large buffer segment: the most that is received at a time, and that waits for a client.</summary>
    public int MaxReceiveBufferSize { get; init; } = 65_536;

    /// <summary>Bytes that the kernel may hold for one connection on the way out (SO_SNDBUF, which Linux doubles); 0 is its own choice.</summary>
    public int SocketSendBuffer { get; init; }

    /// <summary>Bytes that the kernel may hold for one connection on the way in (SO_RCVBUF, which Linux doubles); 0 is its own choice.</summary>
    public int SocketReceiveBuffer { get; init; }

    /// <summary>TCP_NODELAY.</summary>
    public bool NoDelay { get; init; } = true;

    /// <summary>TCP keep-alive idle time, whole seconds; zero turns it off.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Close after this long with no byte received or sent; zero means never.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.Zero;

    /// <summary>Close a connection whose pending send made no progress for this long; zero means never.</summary>
    public TimeSpan SendTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Close gracefully at this age, ± 10 %; zero means never.</summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.Zero;

    /// <summary>How long to wait for the peer's FIN after it has acknowledged ours before the socket is dropped.</summary>
    public TimeSpan CloseTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Whether connections begin with a PROXY protocol header.</summary>
    public ProxyProtocolMode ProxyProtocol { get; init; } = ProxyProtocolMode.Off;

    /// <summary>Networks whose members may speak the PROXY protocol.</summary>
    public IReadOnlyList<AddressRange> TrustedProxies { get; init; } = [];

    /// <summary>Time a peer has to send its whole PROXY header.</summary>
    public TimeSpan ProxyHeaderTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>The subsection <c>Echo:Udp</c>.</summary>
    public UdpOptions Udp { get; init; } = new();
}
