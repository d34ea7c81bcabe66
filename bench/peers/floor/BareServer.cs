using System.Net;
using System.Net.Sockets;

namespace EchoService.Bench.Floor;

/// <summary>
/// The least echo server on SocketAsyncEventArgs that loses no byte: no limits, no figures, no timeouts, no turns.
/// What it costs is what the runtime's sockets cost; whatever the service costs more is its own.
/// </summary>
internal sealed class BareServer : SocketAsyncEventArgs
{
    private readonly Socket _listener;

    private BareServer(Socket listener)
        : base(unsafeSuppressExecutionContextFlow: true) => _listener = listener;

    public static void Run(int port)
    {
        // As the service has it; the runtime reads it at its first socket.
        Environment.SetEnvironmentVariable("DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS", "1");
        using var listener = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.IPv6Any, port));
        listener.Listen(512);
        using var server = new BareServer(listener);
        server.Accept();
        Thread.Sleep(Timeout.Infinite);
    }

    protected override void OnCompleted(SocketAsyncEventArgs e)
    {
        StartAccepted();
        Accept();
    }

    private void Accept()
    {
        while (!_listener.AcceptAsync(this))
        {
            StartAccepted();
        }
    }

    private void StartAccepted()
    {
        // A connection that has gone while it waited is an error too, and nobody's concern.
        if (SocketError == SocketError.Success)
        {
            new BareConnection(AcceptSocket!).Start();
        }

        AcceptSocket = null;
    }
}
