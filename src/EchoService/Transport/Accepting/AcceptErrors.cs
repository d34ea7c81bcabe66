using System.Net.Sockets;

namespace EchoService.Transport.Accepting;

internal static class AcceptErrors
{
    /// <summary>Sorts an error of accept(2) into its tier. Network errors that were pending on the new socket count as aborted.</summary>
    public static AcceptError Classify(SocketError error) => error switch
    {
        SocketError.ConnectionAborted or SocketError.ConnectionReset or SocketError.Interrupted or SocketError.WouldBlock
            or SocketError.ProtocolType or SocketError.ProtocolOption or SocketError.NetworkDown or SocketError.NetworkUnreachable
            or SocketError.HostDown or SocketError.HostUnreachable or SocketError.TimedOut => AcceptError.Aborted,
        SocketError.TooManyOpenSockets or SocketError.ProcessLimit => AcceptError.Descriptors,
        SocketError.NoBufferSpaceAvailable => AcceptError.Memory,
        _ => AcceptError.Other,
    };
}
