using System.Net;
using System.Net.Sockets;

namespace EchoService.IntegrationTests.Probe;

/// <summary>Connects to a listener that accepts nobody until a connect is left without an answer: its backlog is full.</summary>
internal sealed class BacklogFiller(IPEndPoint listener) : IDisposable
{
    private readonly List<Socket> _sockets = [];

    public async Task FillAsync(CancellationToken cancel)
    {
        for (var i = 0; i < 100; i++)
        {
            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            _sockets.Add(socket);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            // A SYN that is dropped is sent again after a second, so one that is answered was answered by now.
            patience.CancelAfter(TimeSpan.FromMilliseconds(500));
            try
            {
                await socket.ConnectAsync(listener, patience.Token);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return;
            }
        }

        throw new InvalidOperationException("The backlog took 100 connections.");
    }

    public void Dispose() => _sockets.ForEach(socket => socket.Dispose());
}
