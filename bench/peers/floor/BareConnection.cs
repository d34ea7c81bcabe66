using System.Net.Sockets;

namespace EchoService.Bench.Floor;

/// <summary>A connection, its event args and its loop in one: receive, send what came, receive again.</summary>
internal sealed class BareConnection : SocketAsyncEventArgs
{
    private const int BufferSize = 4 * 1024;

    private readonly Socket _socket;

    public BareConnection(Socket socket)
        : base(unsafeSuppressExecutionContextFlow: true)
    {
        _socket = socket;
        socket.NoDelay = true;
        SetBuffer(GC.AllocateUninitializedArray<byte>(BufferSize), 0, BufferSize);
    }

    public void Start()
    {
        if (!_socket.ReceiveAsync(this))
        {
            Continue();
        }
    }

    protected override void OnCompleted(SocketAsyncEventArgs e) => Continue();

    /// <summary>Goes on after an operation for as long as the next one completes at once.</summary>
    private void Continue()
    {
        while (SocketError == SocketError.Success && BytesTransferred > 0)
        {
            if (BeginNext())
            {
                return;
            }
        }

        _socket.Dispose();
        Dispose();
    }

    /// <summary>True when the operation is outstanding: <see cref="OnCompleted"/> goes on, maybe already.</summary>
    private bool BeginNext()
    {
        if (LastOperation == SocketAsyncOperation.Receive)
        {
            SetBuffer(0, BytesTransferred);
            return _socket.SendAsync(this);
        }

        if (BytesTransferred < Count)
        {
            SetBuffer(Offset + BytesTransferred, Count - BytesTransferred);
            return _socket.SendAsync(this);
        }

        SetBuffer(0, BufferSize);
        return _socket.ReceiveAsync(this);
    }
}
