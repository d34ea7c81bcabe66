using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EchoService.Transport.Connections;

/// <summary>
/// The two calls that a message takes: recv(2) and send(2) on a socket that does not block. On Linux they go to the C
/// library directly, past checks, events and error tables of <see cref="Socket"/>; what that gains is in
/// <c>docs/performance.md</c>. From construction to <see cref="Dispose"/> the handle counts as in use, so that an abort on
/// another thread cannot free the descriptor's number between its being read and its being used.
/// </summary>
/// <remarks>
/// Whoever disposes of the socket waits for that, so the thread that has this must not, and should be done with it soon.
/// </remarks>
internal ref partial struct SocketCalls : IDisposable
{
    // errno(3), the same on all architectures that .NET runs on.
    private const int EINTR = 4;
    private const int EAGAIN = 11;
    private const int EPIPE = 32;
    private const int ECONNABORTED = 103;
    private const int ECONNRESET = 104;
    private const int ENOTCONN = 107;

    // No SIGPIPE; the runtime ignores it, but that is the runtime's affair.
    private const int MSG_NOSIGNAL = 0x4000;

    private readonly Socket _socket;
    private readonly SafeSocketHandle _handle;
    private readonly int _descriptor;
    private bool _isInUse;

    /// <param name="socket">One that does not block.</param>
    /// <param name="handle">Its handle.</param>
    /// <exception cref="ObjectDisposedException">The socket is closed.</exception>
    public SocketCalls(Socket socket, SafeSocketHandle handle)
    {
        _socket = socket;
        _handle = handle;
        handle.DangerousAddRef(ref _isInUse);
        _descriptor = (int)handle.DangerousGetHandle();
    }

    /// <summary>Receives what is there.</summary>
    /// <param name="buffer">Not empty.</param>
    /// <param name="error"><see cref="SocketError.WouldBlock"/>: nothing is.</param>
    /// <returns>Bytes received; 0 with <see cref="SocketError.Success"/> is the end of the stream.</returns>
    public readonly unsafe int Receive(Span<byte> buffer, out SocketError error)
    {
        if (!OperatingSystem.IsLinux())
        {
            return _socket.Receive(buffer, SocketFlags.None, out error);
        }

        fixed (byte* first = buffer)
        {
            nint count;
            do
            {
                count = Recv(_descriptor, first, buffer.Length, 0);
            }
            while (count < 0 && Marshal.GetLastPInvokeError() == EINTR);
            return Result(count, out error);
        }
    }

    /// <summary>Sends what the kernel takes.</summary>
    /// <param name="bytes">Not empty.</param>
    /// <param name="error"><see cref="SocketError.WouldBlock"/>: it takes nothing now.</param>
    /// <returns>Bytes taken, which may be fewer than there are.</returns>
    public readonly unsafe int Send(ReadOnlySpan<byte> bytes, out SocketError error)
    {
        if (!OperatingSystem.IsLinux())
        {
            return _socket.Send(bytes, SocketFlags.None, out error);
        }

        fixed (byte* first = bytes)
        {
            nint count;
            do
            {
                count = Send(_descriptor, first, bytes.Length, MSG_NOSIGNAL);
            }
            while (count < 0 && Marshal.GetLastPInvokeError() == EINTR);
            return Result(count, out error);
        }
    }

    /// <summary>The handle may be freed again.</summary>
    public void Dispose()
    {
        if (_isInUse)
        {
            _isInUse = false;
            _handle.DangerousRelease();
        }
    }

    private static int Result(nint count, out SocketError error)
    {
        error = count >= 0 ? SocketError.Success : Translate(Marshal.GetLastPInvokeError());
        return Math.Max((int)count, 0);
    }

    /// <summary>As the runtime does, as far as it matters who is behind the failure.</summary>
    private static SocketError Translate(int errno) => errno switch
    {
        EAGAIN => SocketError.WouldBlock,
        EPIPE => SocketError.Shutdown,
        ECONNABORTED => SocketError.ConnectionAborted,
        ECONNRESET => SocketError.ConnectionReset,
        ENOTCONN => SocketError.NotConnected,
        _ => SocketError.SocketError,
    };

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static unsafe partial nint Recv(int descriptor, byte* buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static unsafe partial nint Send(int descriptor, byte* buffer, nint length, int flags);
}
