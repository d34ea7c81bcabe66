using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EchoService.Transport;
using EchoService.Transport.Accepting;
using EchoService.Transport.Timing;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using TcpInfo = EchoService.Transport.Connections.TcpInfo;

namespace EchoService.ControlPlane.Connections;

/// <summary>Accepts clients of the management API: bounded, on the thread pool, and with a pause where it cannot.</summary>
internal sealed class ManagementListener(
    Socket socket, SocketConnectionContextFactory contexts, ManagementConnections connections, ILogger logger) : IConnectionListener
{
    /// <summary>
    /// While every place is taken, this many newcomers are looked at in a row, and then so many a second: a flood of them
    /// costs a few percent of a processor.
    /// </summary>
    private const double BurstWhenFull = 2000;
    private const double RateWhenFull = 2000;

    private static readonly TimeSpan PauseWhenFull = TimeSpan.FromMilliseconds(10);

    /// <summary>
    /// How long Kestrel's clients may go on once it is told to stop, whatever they are in the middle of. With the exit
    /// it makes the five seconds that <c>docs/operations.md</c> grants it.
    /// </summary>
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(4);

    private readonly EndPoint _endPoint = socket.LocalEndPoint!;
    private readonly Backoff _backoff = new(TimeProvider.System, (error, delay) => Log.AcceptBackedOff(logger, error, delay));
    private readonly byte[] _head = new byte[ControlPlaneServices.MaxHeadersSize];
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
                if (await FindRoomAsync(accepted, cancellationToken) is not { } hasAsked)
                {
                    accepted.Dispose();
                    connections.Reject();
                    continue;
                }

                var connection = new ManagementConnection(contexts.Create(accepted), connections);
                connections.Add(connection, hasAsked)?.Abort(new ConnectionAbortedException("Every place is taken, and others had more use for this one."));
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
            ListeningSocket.Close(socket);
            _ = AbortLaterAsync();
        }

        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        _closed = true;
        ListeningSocket.Close(socket);
        return ValueTask.CompletedTask;
    }

    /// <summary>Waits until there is a place for a newcomer. One that asks for nothing within the grace is not waited for.</summary>
    /// <returns>Whether it has sent a request already; null: there is no place for it.</returns>
    private async ValueTask<bool?> FindRoomAsync(Socket accepted, CancellationToken cancellationToken)
    {
        var hasAsked = HasAsked(accepted);
        if (connections.Active < connections.Limit)
        {
            return hasAsked;
        }

        await KeepPaceAsync(cancellationToken);
        if (!hasAsked && connections.TimeToRoom() > TimeSpan.Zero)
        {
            // Those behind it are older by the same time then: among many this is one wait for all.
            var age = TcpInfo.TryRead(accepted, out var info) ? info.SinceAcknowledgement : TimeSpan.Zero;
            if (age < ManagementConnections.SilentGrace)
            {
                await Task.Delay(ManagementConnections.SilentGrace - age, cancellationToken);
            }

            hasAsked = HasAsked(accepted);
        }

        while (connections.TimeToRoom() is var wait && wait > TimeSpan.Zero)
        {
            if (!hasAsked)
            {
                return null;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(wait.TotalMilliseconds)), cancellationToken);
        }

        return hasAsked;
    }

    /// <summary>Whether the head of a request waits to be read, all of it, or a handshake of TLS (RFC 8446, section 5.1), which hides it.</summary>
    private bool HasAsked(Socket accepted)
    {
        if (accepted.Available == 0)
        {
            return false;
        }

        // One that has been reset meanwhile asks for nothing either.
        var seen = _head.AsSpan(0, accepted.Receive(_head, 0, _head.Length, SocketFlags.Peek, out _));
        return seen.StartsWith("\x16\x03"u8) || seen.IndexOf("\r\n\r\n"u8) >= 0;
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
