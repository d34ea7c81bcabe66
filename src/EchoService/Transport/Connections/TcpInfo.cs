using System.Buffers.Binary;
using System.Net.Sockets;

namespace EchoService.Transport.Connections;

/// <summary>What the kernel knows of a TCP connection and .NET has no name for.</summary>
internal static class TcpInfo
{
    // <linux/tcp.h>: struct tcp_info, where tcpi_bytes_acked (RFC 4898 tcpEStatsAppHCThruOctetsAcked) is at byte 120.
    private const int IpProtoTcp = 6;
    private const int TcpInfoOption = 11;
    private const int BytesAckedOffset = 120;

    /// <summary>
    /// Bytes that the peer has acknowledged so far. It rises while a slow reader still reads, which the pending send
    /// itself does not show before it is complete.
    /// </summary>
    /// <returns>False where the kernel is not Linux, or the socket is gone.</returns>
    public static bool TryReadBytesAcknowledged(Socket socket, out ulong acknowledged)
    {
        acknowledged = 0;
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        Span<byte> info = stackalloc byte[BytesAckedOffset + sizeof(ulong)];
        try
        {
            if (socket.GetRawSocketOption(IpProtoTcp, TcpInfoOption, info) < info.Length)
            {
                return false;
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return false;
        }

        acknowledged = BitConverter.IsLittleEndian
            ? BinaryPrimitives.ReadUInt64LittleEndian(info[BytesAckedOffset..])
            : BinaryPrimitives.ReadUInt64BigEndian(info[BytesAckedOffset..]);
        return true;
    }
}
