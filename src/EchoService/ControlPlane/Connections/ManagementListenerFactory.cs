using System.Net;
using System.Net.Sockets;
using EchoService.Transport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace EchoService.ControlPlane.Connections;

/// <summary>
/// Kestrel's sockets behind a listener of our own. Kestrel's accepts on a thread that echoes, takes as many connections
/// as come, and tries again without a pause when there are no descriptors.
/// </summary>
internal sealed class ManagementListenerFactory(ManagementConnections connections, ILoggerFactory loggers)
    : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    /// <summary>Bytes of requests that are read ahead of whoever answers them; headers have to fit.</summary>
    public const int ReadAhead = 32_768;

    private const int Backlog = 1024;

    /// <summary>
    /// Bytes that the kernel may hold per connection and direction, which it doubles for its own use: what a client that
    /// does not read can cost. Requests are smaller, and no answer but Swagger UI's is much larger.
    /// </summary>
    private const int KernelBuffer = 32_768;

    private readonly ILogger _logger = loggers.CreateLogger<ManagementListener>();

    private readonly SocketConnectionContextFactory _contexts = new(
        new SocketConnectionFactoryOptions { MaxReadBufferSize = ReadAhead },
        loggers.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets"));

    /// <inheritdoc/>
    public bool CanBind(EndPoint endpoint) => endpoint is IPEndPoint or UnixDomainSocketEndPoint or FileHandleEndPoint;

    /// <inheritdoc/>
    /// <exception cref="AddressInUseException">The port is taken; Kestrel looks for this one.</exception>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket? socket = null;
        try
        {
            socket = SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
            InlineCompletions.Disable(socket);
            if (endpoint is IPEndPoint)
            {
                // Accepted sockets inherit these (tcp(7)).
                socket.NoDelay = true;
                socket.SendBufferSize = KernelBuffer;
                socket.ReceiveBufferSize = KernelBuffer;
            }

            socket.Listen(Backlog);
            return ValueTask.FromResult<IConnectionListener>(new ManagementListener(socket, _contexts, connections, _logger));
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            socket?.Dispose();
            throw new AddressInUseException(exception.Message, exception);
        }
        catch
        {
            socket?.Dispose();
            throw;
        }
    }

    public void Dispose() => _contexts.Dispose();
}
