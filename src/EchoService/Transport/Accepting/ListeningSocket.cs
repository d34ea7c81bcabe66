using System.Net.Sockets;

namespace EchoService.Transport.Accepting;

/// <summary>The end of a socket that listens.</summary>
internal static class ListeningSocket
{
    /// <summary>Has it listen no more, whoever else has it, and closes it.</summary>
    /// <remarks>
    /// A process that is being started has a copy of every descriptor until it has become another program (fork(2),
    /// execve(2)). A close alone would leave the copy listening: the port taken, and clients connected that nobody accepts.
    /// </remarks>
    public static void Close(Socket listening)
    {
        try
        {
            listening.Shutdown(SocketShutdown.Both);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Of a system where that is for connections alone, or closed before.
        }

        listening.Dispose();
    }
}
