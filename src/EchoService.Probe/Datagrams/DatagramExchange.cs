using System.Net.Sockets;
using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;
using EchoService.Probe.Messages;
using EchoService.Probe.Streams;

namespace EchoService.Probe.Datagrams;

/// <summary>One message over a fresh flow.</summary>
/// <param name="codec">Writes and checks it.</param>
/// <param name="timeout">How long the answer is waited for.</param>
/// <param name="number">Whose it is: <see cref="Greeting"/>, or of fresh clients that are counted.</param>
internal sealed class DatagramExchange(MessageCodec codec, TimeSpan timeout, int number) : IExchange
{
    /// <summary>Number of the messages that are no client's: they find out whether anybody answers, and are not counted.</summary>
    public const int Greeting = 0;

    public async Task<ExchangeResult> RunAsync(Socket socket, long sequence, byte[] buffer, Action<int, int> count, CancellationToken stop)
    {
        using var owned = socket;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(timeout);
        try
        {
            return await AskAsync(socket, sequence, buffer, count, deadline.Token).ConfigureAwait(false);
        }
        catch (SocketException e)
        {
            return new ExchangeResult(IsComplete: false, Fault: null, Failures.OfDatagram(e.SocketErrorCode), Partial: 0, default);
        }
        catch (OperationCanceledException)
        {
            return new ExchangeResult(IsComplete: false, Fault: null, stop.IsCancellationRequested ? null : ProbeEventKind.LostMessages, Partial: 0, default);
        }
    }

    /// <exception cref="SocketException">The other side, or the way there, said no.</exception>
    /// <exception cref="OperationCanceledException">There was no answer in time.</exception>
    public async Task<ExchangeResult> AskAsync(Socket socket, long sequence, byte[] buffer, Action<int, int> count, CancellationToken deadline)
    {
        var size = codec.MessageSize;
        codec.Write(number, sequence, buffer.AsSpan(0, size));
        await socket.SendAsync(buffer.AsMemory(0, size), SocketFlags.None, deadline).ConfigureAwait(false);
        count(size, 0);
        // Room for more than was sent, so that more does not look like as much.
        var received = await socket.ReceiveAsync(buffer.AsMemory(0, size + 1), SocketFlags.None, deadline).ConfigureAwait(false);
        count(0, received);
        var matching = received == size ? codec.MatchingLength(number, sequence, 0, buffer.AsSpan(0, received)) : 0;
        return matching == size
            ? new ExchangeResult(IsComplete: true, Fault: null, End: null, Partial: 0, default)
            : new ExchangeResult(IsComplete: true, ProbeEventKind.Corrupted, End: null, Partial: 0, default(StreamFindings) with
            {
                WrongBytes = received,
                Corruption = received == size ? $"differs at byte {matching}" : $"{received} bytes for {size}",
            });
    }
}
