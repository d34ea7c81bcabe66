using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Lifecycle;

internal static class Streaming
{
    /// <summary>Sends as fast as the service takes it, until the service has closed or the test has seen enough.</summary>
    public static Task SendUntilClosedAsync(EchoClient client, CancellationToken cancellationToken) => Task.Run(
        async () =>
        {
            try
            {
                while (!cancellationToken.IsCancellationRequested)
                {
                    await client.SendAsync(10_000, cancellationToken);
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // Closed: how, the receiving side tells.
            }
        },
        CancellationToken.None);
}
