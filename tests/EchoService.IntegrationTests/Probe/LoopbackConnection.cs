using System.Net;
using System.Net.Sockets;

namespace EchoService.IntegrationTests.Probe;

/// <summary>One accepted connection, and the parts that misbehaviour is made of.</summary>
/// <param name="socket">Owned by this.</param>
/// <param name="index">How many were accepted before.</param>
/// <param name="stop">Ends every wait.</param>
internal sealed class LoopbackConnection(Socket socket, int index, CancellationToken stop) : IDisposable
{
    private readonly byte[] _chunk = new byte[4096];

    public int Index { get; } = index;

    public IPEndPoint Remote { get; } = (IPEndPoint)socket.RemoteEndPoint!;

    public CancellationToken Stop { get; } = stop;

    public void Dispose() => socket.Dispose();

    /// <summary>Echoes what comes until the client's FIN, allocating nothing per message.</summary>
    public async Task EchoAsync()
    {
        socket.NoDelay = true;
        while (await socket.ReceiveAsync(_chunk.AsMemory(), SocketFlags.None, Stop) is var count && count > 0)
        {
            await SendAsync(_chunk.AsMemory(0, count));
        }
    }

    /// <summary>Echoes whole messages, so many of them.</summary>
    public async Task EchoAsync(int messages, int size)
    {
        for (var i = 0; i < messages; i++)
        {
            await SendAsync(await ReceiveAsync(size));
        }
    }

    /// <summary>Exactly so many bytes; cancelled when the client sends FIN before.</summary>
    public async Task<byte[]> ReceiveAsync(int count)
    {
        var bytes = new byte[count];
        for (var received = 0; received < count;)
        {
            var part = await socket.ReceiveAsync(bytes.AsMemory(received), SocketFlags.None, Stop);
            if (part == 0)
            {
                throw new OperationCanceledException("The client has sent FIN.");
            }

            received += part;
        }

        return bytes;
    }

    public async Task SendAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, Stop)..];
        }
    }

    /// <summary>Reads and discards until the client's FIN.</summary>
    public async Task DiscardAsync()
    {
        while (await socket.ReceiveAsync(_chunk.AsMemory(), SocketFlags.None, Stop) > 0)
        {
        }
    }

    /// <summary>Reads nothing until nothing more arrives: the buffers of both sides are full.</summary>
    public async Task FillAsync()
    {
        const int Steady = 40;
        var (last, same) = (0, 0);
        await Eventually.TrueAsync(() =>
        {
            Stop.ThrowIfCancellationRequested();
            var available = socket.Available;
            same = available > 0 && available == last ? same + 1 : 0;
            last = available;
            return same >= Steady;
        });
    }

    /// <summary>FIN, and no RST: what still comes is read until the client has closed too.</summary>
    public async Task FinishAsync()
    {
        socket.Shutdown(SocketShutdown.Send);
        await DiscardAsync();
    }

    public void Reset()
    {
        socket.LingerState = new LingerOption(enable: true, seconds: 0);
        socket.Dispose();
    }
}
