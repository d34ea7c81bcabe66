using System.Net.Sockets;
using EchoService.Transport.Fairness;

namespace EchoService.Transport.Connections;

/// <summary>What the processor is to fetch of a connection before its turn comes. What it gains: <c>docs/performance.md</c>.</summary>
internal static class ConnectionCacheHints
{
    // Bytes. The runtime makes a socket's handle before it, and the collector keeps their order; where it does not hold,
    // the hints miss.
    private const int ConnectionSize = 320;
    private const int HandleSize = 192;
    private const int SocketSize = 128;

    /// <summary>The object itself, which <see cref="FetchSocket"/> reads.</summary>
    public static void Fetch(EchoConnection connection) => CacheHint.Fetch(connection, 0, ConnectionSize);

    /// <summary>What its next message will touch.</summary>
    public static void FetchSocket(Socket? socket)
    {
        if (socket is not null)
        {
            CacheHint.Fetch(socket, -HandleSize, SocketSize);
        }
    }
}
