using System.Net.Sockets;

namespace EchoService.Transport.Accepting;

/// <summary>
/// The end of a client that was accepted and cannot be kept: FIN, then what it sends is read and discarded until its own
/// FIN, so that it is not reset by bytes of its own that were under way. Bounded in time, bytes and number; beyond that
/// the socket is closed at once, after its FIN all the same.
/// </summary>
internal sealed class Farewell : SocketAsyncEventArgs
{
    /// <summary>How many may be said at a time: each holds a descriptor, of which others may be short.</summary>
    private const int MostAtATime = 64;

    /// <summary>Bytes that a client may go on sending.</summary>
    private const int MostBytes = 65_536;

    /// <summary>What is read lands here, whoever sent it: nobody looks at it.</summary>
    private static readonly byte[] Discarded = GC.AllocateUninitializedArray<byte>(4096, pinned: true);

    private static int _count;

    private readonly Socket _socket;
    private ITimer? _timer;
    private int _bytes;

    private Farewell(Socket socket)
        : base(true)
    {
        _socket = socket;
        SetBuffer(Discarded, 0, Discarded.Length);
    }

    /// <summary>Sends FIN and sees to the rest. Returns at once.</summary>
    /// <param name="socket">Nobody else uses it from here on.</param>
    /// <param name="patience">How long its own FIN is waited for.</param>
    /// <param name="timeProvider">Whose time it is.</param>
    public static void Say(Socket socket, TimeSpan patience, TimeProvider timeProvider)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
        }
        catch (SocketException)
        {
            // It has reset the connection already.
        }

        if (Interlocked.Increment(ref _count) > MostAtATime)
        {
            Interlocked.Decrement(ref _count);
            socket.Dispose();
            return;
        }

        var farewell = new Farewell(socket);
        using (ExecutionContext.SuppressFlow())
        {
            // Disposing the socket completes what is outstanding on it.
            farewell._timer = timeProvider.CreateTimer(static state => ((Socket)state!).Dispose(), socket, patience, Timeout.InfiniteTimeSpan);
        }

        farewell.Receive();
    }

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        if (GoesOn())
        {
            Receive();
        }
    }

    private void Receive()
    {
        try
        {
            while (!_socket.ReceiveAsync(this))
            {
                if (!GoesOn())
                {
                    return;
                }
            }
        }
        catch (ObjectDisposedException)
        {
            End();
        }
    }

    private bool GoesOn()
    {
        _bytes += BytesTransferred;
        if (SocketError == SocketError.Success && BytesTransferred > 0 && _bytes < MostBytes)
        {
            return true;
        }

        End();
        return false;
    }

    private void End()
    {
        Interlocked.Decrement(ref _count);
        _timer?.Dispose();
        _socket.Dispose();
        Dispose();
    }
}
