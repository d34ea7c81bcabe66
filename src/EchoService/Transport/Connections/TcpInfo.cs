using System.Buffers.Binary;
using System.Net.Sockets;

namespace EchoService.Transport.Connections;

/// <summary>What the kernel knows of a TCP connection and .NET has no name for.</summary>
/// <param name="BytesAcknowledged">
/// Bytes that the peer has acknowledged so far. It rises while a slow reader still reads, which the pending send itself
/// does not show before it is complete.
/// </param>
/// <param name="IsFinAcknowledged">Whether the peer has acknowledged our FIN, if one was sent.</param>
internal readonly record struct TcpInfo(ulong BytesAcknowledged, bool IsFinAcknowledged)
{
    // <linux/tcp.h>: struct tcp_info begins with tcpi_state, and tcpi_bytes_acked (RFC 4898
    // tcpEStatsAppHCThruOctetsAcked) is at byte 120.
    private const int IpProtoTcp = 6;
    private const int TcpInfoOption = 11;
    private const int BytesAckedOffset = 120;

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

        Span<byte> raw = stackalloc byte[BytesAckedOffset + sizeof(ulong)];
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

        var acknowledged = BitConverter.IsLittleEndian
            ? BinaryPrimitives.ReadUInt64LittleEndian(raw[BytesAckedOffset..])
            : BinaryPrimitives.ReadUInt64BigEndian(raw[BytesAckedOffset..]);
        info = new TcpInfo(acknowledged, raw[0] is not (FinWait1 or LastAck or ClosingState));
        return true;
    }
}
