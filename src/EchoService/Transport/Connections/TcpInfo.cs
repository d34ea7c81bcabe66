using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EchoService.Transport.Connections;

/// <summary>What the kernel knows of a TCP connection and .NET has no name for.</summary>
/// <param name="BytesAcknowledged">
/// Bytes that the peer has acknowledged so far. It rises while a slow reader still reads, which the pending send itself
/// does not show before it is complete.
/// </param>
/// <param name="IsFinAcknowledged">Whether the peer has acknowledged our FIN, if one was sent.</param>
/// <param name="BytesReceived">Bytes that have come from the peer, whether they were read or not; its FIN counts as one.</param>
/// <param name="SinceAcknowledgement">How long ago the peer last acknowledged something, the handshake to begin with.</param>
internal readonly record struct TcpInfo(
    ulong BytesAcknowledged, bool IsFinAcknowledged, ulong BytesReceived = 0, TimeSpan SinceAcknowledgement = default)
{
    // <linux/tcp.h>: struct tcp_info begins with tcpi_state; tcpi_last_ack_recv is at byte 56, in milliseconds,
    // tcpi_bytes_acked at 120 and tcpi_bytes_received at 128 (RFC 4898, tcpEStatsAppHCThruOctetsAcked and -Received).
    private const int LastAckReceivedOffset = 56;
    private const int IpProtoTcp = 6;
    private const int TcpInfoOption = 11;
    private const int BytesAckedOffset = 120;
    private const int BytesReceivedOffset = 128;

    // <net/tcp_states.h>: in these three our FIN may be queued or under way.
    private const int FinWait1 = 4;
    private const int LastAck = 9;
    private const int ClosingState = 11;

    /// <summary>Asks the kernel.</summary>
    /// <returns>False where the kernel is not Linux, or the socket is gone.</returns>
    public static bool TryRead(Socket socket, out TcpInfo info)
    {
        info = default;
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        Span<byte> raw = stackalloc byte[BytesReceivedOffset + sizeof(ulong)];
        try
        {
            if (socket.GetRawSocketOption(IpProtoTcp, TcpInfoOption, raw) < raw.Length)
            {
                return false;
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return false;
        }

        info = new TcpInfo(
            MemoryMarshal.Read<ulong>(raw[BytesAckedOffset..]),
            raw[0] is not (FinWait1 or LastAck or ClosingState),
            MemoryMarshal.Read<ulong>(raw[BytesReceivedOffset..]),
            TimeSpan.FromMilliseconds(MemoryMarshal.Read<uint>(raw[LastAckReceivedOffset..])));
        return true;
    }
}
