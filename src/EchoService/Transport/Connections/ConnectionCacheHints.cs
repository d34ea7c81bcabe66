using System.Net.Sockets;
using EchoService.Transport.Buffers;
using EchoService.Transport.Fairness;

namespace EchoService.Transport.Connections;

/// <summary>What the processor is to fetch of a connection before its turn comes. What it gains: <c>docs/performance.md</c>.</summary>
internal static class ConnectionCacheHints
{
    // Bytes. The runtime makes a socket's handle before it and its asynchronous context soon after it, and the collector
    // keeps their order; where it does not hold, the hints miss.
    private const int ConnectionSize = 320;
    private const int EventArgsSize = 256;
    private const int HandleSize = 192;
    private const int SocketSize = 128;
    private const int SocketContextOffset = 448;
    private const int SocketContextSize = 320;

    /// <summary>The object itself, which <see cref="FetchParts"/> reads.</summary>
    public static void Fetch(EchoConnection connection) => CacheHint.Fetch(connection, 0, ConnectionSize);

    /// <summary>What its next message will touch.</summary>
    public static void FetchParts(ConnectionEventArgs args, BufferSegment segment, Socket? socket)
    {
        CacheHint.Fetch(args, 0, EventArgsSize);
        CacheHint.Fetch(in segment.Array[segment.Offset]);
        if (socket is not null)
        {
            CacheHint.Fetch(socket, -HandleSize, SocketSize);
            CacheHint.Fetch(socket, SocketContextOffset, SocketContextOffset + SocketContextSize);
        }
    }
}
