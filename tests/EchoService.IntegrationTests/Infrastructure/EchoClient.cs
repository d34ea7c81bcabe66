using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>
/// A client of the echo service that knows what it sent and checks every byte that comes back. Each wait has a
/// deadline, and each ends on the thread pool, so that tests may do what they like after it.
/// </summary>
internal sealed class EchoClient : IDisposable
{
    // Hundreds of clients share a few blocks of a megabyte.
    private static readonly ConcurrentDictionary<int, Pattern> Patterns = new();

    private readonly Pattern _pattern;
    private readonly byte[] _receiveBuffer = new byte[65_536];

    private EchoClient(Socket socket, Pattern pattern)
    {
        Socket = socket;
        LocalEndPoint = (IPEndPoint)socket.LocalEndPoint!;
        _pattern = pattern;
    }

    public Socket Socket { get; }

    /// <summary>Where it connected from; known after its end too.</summary>
    public IPEndPoint LocalEndPoint { get; }

    /// <summary>Bytes that the kernel has taken.</summary>
    public long Sent { get; private set; }

    /// <summary>Bytes that came back, all of them checked.</summary>
    public long Received { get; private set; }

    /// <summary>Connects. The bytes that it sends follow from <paramref name="seed"/>.</summary>
    /// <param name="endPoint">Where the service is.</param>
    /// <param name="seed">Of the pattern that is sent.</param>
    /// <param name="receiveBufferSize">SO_RCVBUF, for a client whose window is to be small; must be set before it connects.</param>
    public static async Task<EchoClient> ConnectAsync(IPEndPoint endPoint, int seed = 0, int? receiveBufferSize = null)
    {
        var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (receiveBufferSize is { } size)
            {
                socket.ReceiveBufferSize = size;
            }

            using var deadline = NewDeadline();
            await socket.ConnectAsync(endPoint, deadline.Token);
            await LeaveSocketThreadAsync();
            return new EchoClient(socket, PatternOf(seed));
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Goes on on the thread pool. With inline completions, whoever awaits a socket goes on on the thread that serves it.</summary>
    public static async Task LeaveSocketThreadAsync() => await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

    /// <summary>Sends the next <paramref name="count"/> bytes of the pattern.</summary>
    public async Task SendAsync(long count)
    {
        using var deadline = NewDeadline();
        for (var end = Sent + count; Sent < end;)
        {
            Sent += await Socket.SendAsync(_pattern.From(Sent, end - Sent), deadline.Token);
        }

        await LeaveSocketThreadAsync();
    }

    /// <summary>Sends and sends, until told to stop or until the connection is no more.</summary>
    /// <remarks>
    /// A send that is cancelled does not say how much of it is out, so this one asks the kernel to take what it can. What
    /// it awaits while there is no room is a send of one byte, which is out or is not.
    /// </remarks>
    public async Task SendUntilAsync(CancellationToken stop)
    {
        await LeaveSocketThreadAsync();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop, TestContext.Current.CancellationToken);
        Socket.Blocking = false;
        try
        {
            while (!end.IsCancellationRequested)
            {
                var sent = Socket.Send(_pattern.From(Sent, 100_000).Span, SocketFlags.None, out var error);
                Sent += sent;
                if (error == SocketError.WouldBlock)
                {
                    Sent += await Socket.SendAsync(_pattern.From(Sent, 1), end.Token);
                    await LeaveSocketThreadAsync();
                }
                else if (error != SocketError.Success)
                {
                    return;
                }
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Told to stop, or closed by either side.
        }
    }

    /// <summary>Receives and checks until <paramref name="count"/> more bytes are back.</summary>
    public async Task ReceiveAsync(long count)
    {
        using var deadline = NewDeadline();
        for (var end = Received + count; Received < end;)
        {
            var received = await Socket.ReceiveAsync(_receiveBuffer.AsMemory(0, (int)Math.Min(_receiveBuffer.Length, end - Received)), deadline.Token);
            if (received == 0)
            {
                throw new ShouldAssertException($"The stream ended after {Received} of {end} bytes.");
            }

            Check(received);
        }

        await LeaveSocketThreadAsync();
    }

    /// <summary>Receives what there is, up to <paramref name="most"/> bytes, and checks it. 0 at the end of the stream.</summary>
    public async Task<int> ReceiveSomeAsync(int most)
    {
        using var deadline = NewDeadline();
        var received = await Socket.ReceiveAsync(_receiveBuffer.AsMemory(0, Math.Min(_receiveBuffer.Length, most)), deadline.Token);
        Check(received);
        await LeaveSocketThreadAsync();
        return received;
    }

    /// <summary>Sends <paramref name="count"/> bytes while it receives them back.</summary>
    public async Task EchoAsync(long count)
    {
        var sending = SendAsync(count);
        await ReceiveAsync(count);
        await sending;
    }

    /// <summary>Receives and checks until the stream ends, and says how it did.</summary>
    public async Task<StreamEnd> ReceiveToEndAsync()
    {
        using var deadline = NewDeadline();
        try
        {
            int received;
            while ((received = await Socket.ReceiveAsync(_receiveBuffer.AsMemory(), deadline.Token)) > 0)
            {
                Check(received);
            }

            return StreamEnd.Fin;
        }
        catch (SocketException exception) when (exception.SocketErrorCode is SocketError.ConnectionReset or SocketError.Shutdown)
        {
            return StreamEnd.Reset;
        }
        finally
        {
            await LeaveSocketThreadAsync();
        }
    }

    /// <summary>Sends without end, or until told to stop, checks what comes back, and says how the stream ended.</summary>
    public async Task<StreamEnd> StreamToEndAsync(CancellationToken stop)
    {
        var sending = SendUntilAsync(stop);
        var end = await ReceiveToEndAsync();
        Dispose();
        await sending;
        return end;
    }

    /// <summary>Sends FIN; the other direction stays open.</summary>
    public void ShutdownSend() => Socket.Shutdown(SocketShutdown.Send);

    /// <summary>Half-closes, and expects the rest of the echo and the service's FIN.</summary>
    public async Task FinishAsync()
    {
        ShutdownSend();
        (await ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        Received.ShouldBe(Sent);
    }

    /// <summary>Sends RST.</summary>
    public void Reset()
    {
        Socket.LingerState = new LingerOption(enable: true, seconds: 0);
        Socket.Dispose();
    }

    public void Dispose() => Socket.Dispose();

    private static Pattern PatternOf(int seed) => Patterns.GetOrAdd(seed % 16, static key => new Pattern(key));

    private static CancellationTokenSource NewDeadline()
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        source.CancelAfter(Eventually.Deadline);
        return source;
    }

    private void Check(int received)
    {
        _pattern.ShouldContinueWith(_receiveBuffer.AsSpan(0, received), Received);
        Received += received;
    }
}
