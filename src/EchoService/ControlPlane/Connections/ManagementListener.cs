using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EchoService.Transport;
using EchoService.Transport.Accepting;
using EchoService.Transport.Timing;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace EchoService.ControlPlane.Connections;

/// <summary>Accepts clients of the management API: bounded, on the thread pool, and with a pause where it cannot.</summary>
internal sealed class ManagementListener(
    Socket socket, SocketConnectionContextFactory contexts, ManagementConnections connections, ILogger logger) : IConnectionListener
{
    /// <summary>
    /// While every place is taken, this many newcomers are let in at once, and then so many a second: a flood of them
    /// costs a few percent of a processor, and each has time to ask before it gives way in its turn.
    /// </summary>
    private const double BurstWhenFull = 2000;
    private const double RateWhenFull = 1000;

    private static readonly TimeSpan PauseWhenFull = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// How long Kestrel's clients may go on once it is told to stop, whatever they are in the middle of. With the exit
    /// it makes the five seconds that <c>docs/operations.md</c> grants it.
    /// </summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(4);

    private readonly EndPoint _endPoint = socket.LocalEndPoint!;
    private readonly Backoff _backoff = new(TimeProvider.System, (error, delay) => Log.AcceptBackedOff(logger, error, delay));
    private double _allowance = BurstWhenFull;
    private long _allowanceAt = Stopwatch.GetTimestamp();
    private volatile bool _closed;

    /// <inheritdoc/>
    public EndPoint EndPoint => _endPoint;

    /// <inheritdoc/>
    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (!_closed)
        {
            try
            {
                var accepted = await socket.AcceptAsync(cancellationToken);
                _backoff.Reset();
                InlineCompletions.Disable(accepted);
                var connection = new ManagementConnection(contexts.Create(accepted), connections);
                if (connections.Add(connection) is { } loser)
                {
                    loser.Abort(new ConnectionAbortedException("Every place is taken, and this one was not in use for longest."));
                    await KeepPaceAsync(cancellationToken);
                }

                return connection;
            }
            catch (SocketException exception) when (!_closed)
            {
                if (AcceptErrors.Classify(exception.SocketErrorCode) == AcceptError.Aborted)
                {
                    continue;
                }

                await Task.Delay(_backoff.Next(exception.SocketErrorCode), cancellationToken);
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
            {
                break;
            }
        }

        return null;
    }

    /// <summary>Stops to accept. Kestrel calls it when it begins to stop, and then waits for its clients.</summary>
    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        if (!_closed)
        {
            _closed = true;
            socket.Dispose();
            _ = AbortLaterAsync();
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _closed = true;
        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask KeepPaceAsync(CancellationToken cancellationToken)
    {
        _allowance = Math.Min(BurstWhenFull, _allowance + (Stopwatch.GetElapsedTime(_allowanceAt).TotalSeconds * RateWhenFull)) - 1;
        _allowanceAt = Stopwatch.GetTimestamp();
        if (_allowance < 0)
        {
            await Task.Delay(PauseWhenFull, cancellationToken);
        }
    }

    private async Task AbortLaterAsync()
    {
        await Task.Delay(StopTimeout);
        connections.AbortAll();
    }
}
