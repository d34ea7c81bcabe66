using System.Net;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>
/// Clients of the management API that connect, send, wait to be put out, and come again. They leave with the test at the
/// latest: going on, they would take the machine from all the others.
/// </summary>
internal sealed class ReturningStrangers : IAsyncDisposable
{
    private readonly CancellationTokenSource _over = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Task _all;

    /// <param name="service">Whose management API.</param>
    /// <param name="count">How many.</param>
    /// <param name="send">What each sends, given its number from 0.</param>
    public ReturningStrangers(EchoProcess service, int count, Func<int, byte[]> send)
    {
        var port = service.ManagementUri.Port;
        _all = Task.WhenAll(Enumerable.Range(0, count).Select(number => ComeAgainAsync(port, send(number))));
    }

    /// <summary>Has them all leave.</summary>
    public async Task LeaveAsync()
    {
        await _over.CancelAsync();
        await _all;
    }

    public async ValueTask DisposeAsync()
    {
        await LeaveAsync();
        _over.Dispose();
    }

    private async Task ComeAgainAsync(int port, byte[] begun)
    {
        var buffer = new byte[4096];
        while (!_over.IsCancellationRequested)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, port, _over.Token);
                await socket.SendAsync(begun, _over.Token);
                while (await socket.ReceiveAsync(buffer, _over.Token) > 0)
                {
                    // It is answered first, perhaps.
                }
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                // Put out, or called off.
            }

            await EchoClient.LeaveSocketThreadAsync();
        }
    }
}
