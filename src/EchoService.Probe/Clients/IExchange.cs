using System.Net.Sockets;
using EchoService.Probe.Streams;

namespace EchoService.Probe.Clients;

/// <summary>What a fresh client does once it has its socket: one message there and back.</summary>
internal interface IExchange
{
    /// <param name="socket">Connected; owned by this from now on.</param>
    /// <param name="sequence">Number of the message.</param>
    /// <param name="buffer">Room for a message and <see cref="StreamVerifier.EvidenceLength"/> more.</param>
    /// <param name="count">Told of bytes sent and received.</param>
    /// <param name="stop">The run is over.</param>
    public Task<ExchangeResult> RunAsync(Socket socket, long sequence, byte[] buffer, Action<int, int> count, CancellationToken stop);
}
