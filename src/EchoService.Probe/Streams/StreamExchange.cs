using System.Net.Sockets;
using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;
using EchoService.Probe.Messages;

namespace EchoService.Probe.Streams;

/// <summary>One message over a fresh connection of TCP.</summary>
internal sealed class StreamExchange(MessageCodec codec, TimeSpan timeout) : IExchange
{
    /// <summary>All messages of fresh clients are of one stream, as the codec has it.</summary>
    public const int Number = 1;

    public async Task<ExchangeResult> RunAsync(Socket socket, long sequence, byte[] buffer, Action<int, int> count, CancellationToken stop)
    {
        var message = new SingleMessage(sequence);
        var verifier = new StreamVerifier(codec, Number, message);
        var (end, findings) = await ConverseAsync(socket, sequence, buffer, message, verifier, count, stop).ConfigureAwait(false);
        return new ExchangeResult(message.IsComplete, message.Fault, end, verifier.Partial, findings);
    }

    private async Task<(ProbeEventKind? End, StreamFindings Findings)> ConverseAsync(
        Socket socket, long sequence, byte[] buffer, SingleMessage message, StreamVerifier verifier, Action<int, int> countBytes, CancellationToken stop)
    {
        using var owned = socket;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(stop);
        deadline.CancelAfter(timeout);
        var findings = default(StreamFindings);
        try
        {
            var size = codec.MessageSize;
            codec.Write(Number, sequence, buffer.AsSpan(0, size));
            for (var sent = 0; sent < size;)
            {
                var count = await socket.SendAsync(buffer.AsMemory(sent, size - sent), SocketFlags.None, deadline.Token).ConfigureAwait(false);
                sent += count;
                countBytes(count, 0);
            }

            while (!message.IsComplete)
            {
                var count = await socket.ReceiveAsync(buffer.AsMemory(findings.Held), SocketFlags.None, deadline.Token).ConfigureAwait(false);
                var next = verifier.Take(buffer.AsSpan(0, findings.Held + count), isLast: count == 0);
                findings = next with
                {
                    WrongBytes = next.WrongBytes + findings.WrongBytes,
                    MissingBytes = next.MissingBytes + findings.MissingBytes,
                    Corruption = findings.Corruption ?? next.Corruption,
                };
                if (count == 0)
                {
                    return (Failures.OfEnd(SocketError.Success, metReset: false, verifier.Partial), findings);
                }

                countBytes(0, count);
            }

            socket.Shutdown(SocketShutdown.Both);
            return (null, findings);
        }
        catch (SocketException e)
        {
            return (message.IsComplete ? null : Failures.OfEnd(e.SocketErrorCode, metReset: true, verifier.Partial), findings);
        }
        catch (OperationCanceledException)
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
            return (stop.IsCancellationRequested ? null : ProbeEventKind.Stalled, findings);
        }
    }
}
