using System.Net.Sockets;

namespace EchoService.Transport;

/// <summary>What can go wrong with an accept, by what has to be done about it.</summary>
internal enum AcceptError
{
    /// <summary>The client went away between its SYN and the accept. Retried at once.</summary>
    Aborted,

    /// <summary>The process or the system is out of file descriptors. Backed off.</summary>
    Descriptors,

    /// <summary>The kernel is out of memory for sockets. Backed off.</summary>
    Memory,

    /// <summary>Anything else. Backed off, since an error that stays would otherwise spin.</summary>
    Other,
}

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
