using System.Net;
using System.Net.Sockets;

namespace RetryingClient;

/// <summary>
/// Sends messages to an echo service and checks what comes back. An echo has no effect on the server, so a message whose
/// answer is missing can be sent again; the connection it was missing on is never used again. For one caller at a time.
/// </summary>
/// <param name="server">Where the service is.</param>
/// <param name="options">How patient it is.</param>
public sealed class EchoClient(IPEndPoint server, RetryOptions options) : IDisposable
{
    private readonly List<Failure> _failures = [];
    private Socket? _socket;

    /// <summary>Why attempts were given up so far, in order.</summary>
    public IReadOnlyList<Failure> Failures => _failures;

    /// <summary>Sends a message until it has come back.</summary>
    /// <exception cref="EchoFailedException">It has not, in as many attempts as there may be.</exception>
    public async Task EchoAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        var pause = options.Pause;
        for (var attempt = 1; ; attempt++)
        {
            var (failure, exception) = await TryAsync(message, cancellationToken).ConfigureAwait(false);
            if (failure is not { } why)
            {
                return;
            }

            _failures.Add(why);
            _socket?.Dispose();
            _socket = null;
            if (attempt >= options.Attempts)
            {
                throw new EchoFailedException(why, exception);
            }

            await Task.Delay(pause, cancellationToken).ConfigureAwait(false);
            pause = pause * 2 < options.LongestPause ? pause * 2 : options.LongestPause;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    private async Task<(Failure? Failure, Exception? Exception)> TryAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.Timeout);
        var connected = _socket is not null;
        try
        {
            if (_socket is null)
            {
                _socket = new Socket(server.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await _socket.ConnectAsync(server, limit.Token).ConfigureAwait(false);
                connected = true;
            }

            // Both at once: a message may be larger than what the way there and back can hold.
            var answer = new byte[message.Length];
            using var stream = new NetworkStream(_socket, ownsSocket: false);
            var sending = stream.WriteAsync(message, limit.Token).AsTask();
            try
            {
                await stream.ReadExactlyAsync(answer, limit.Token).ConfigureAwait(false);
            }
            finally
            {
                await limit.CancelAsync().ConfigureAwait(false);
                await sending.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return message.Span.SequenceEqual(answer) ? (null, null) : (Failure.Corrupted, null);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            return (Failure.Late, exception);
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            return (connected ? Failure.Ended : Failure.Connect, exception);
        }
    }
}
