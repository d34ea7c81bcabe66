using System.Net;
using System.Net.Sockets;
using EchoService.Transport.Accepting;

namespace EchoService.IntegrationTests.Probe;

/// <summary>A TCP server on a free loopback port whose connections behave as the test says.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly Func<LoopbackConnection, Task> _behave;
    private readonly CancellationTokenSource _stop = new();
    private readonly Socket _listener;
    private readonly Task _accepting;
    private readonly List<Task> _serving = [];
    private Socket? _keeper;

    private LoopbackServer(Func<LoopbackConnection, Task> behave, int port)
    {
        _behave = behave;
        _listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        // As any server does that restarts on its port while old connections linger.
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen(4096);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = AcceptAsync();
    }

    public int Port { get; }

    public static LoopbackServer Start(Func<LoopbackConnection, Task> behave, int port = 0) => new(behave, port);

    /// <summary>Takes no more connections; those there are go on. Who connects is refused until another server has the port, or this one is disposed.</summary>
    public async Task StopListeningAsync()
    {
        ListeningSocket.Close(_listener);
        await _accepting;
        // Without it the kernel might give the port to another test.
        _keeper = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _keeper.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _keeper.Bind(new IPEndPoint(IPAddress.Loopback, Port));
    }

    /// <summary>Ends what goes on, for a test that is to see what the probe makes of it.</summary>
    public async Task StopAsync()
    {
        await _stop.CancelAsync();
        await StopListeningAsync();
        await Task.WhenAll(_serving);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_stop.IsCancellationRequested)
        {
            await _stop.CancelAsync();
            ListeningSocket.Close(_listener);
            await _accepting;
            await Task.WhenAll(_serving);
        }

        _keeper?.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        for (var index = 0; ; index++)
        {
            try
            {
                _serving.Add(ServeAsync(new LoopbackConnection(await _listener.AcceptAsync(_stop.Token), index, _stop.Token)));
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }

    private async Task ServeAsync(LoopbackConnection connection)
    {
        using (connection)
        {
            try
            {
                await _behave(connection);
            }
            catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The probe left, or the test is over.
            }
        }
    }
}
