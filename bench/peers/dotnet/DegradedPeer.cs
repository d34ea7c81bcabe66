using System.Buffers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace EchoService.Bench.Peers;

/// <summary>
/// A server with the two faults that the guard exists for: each message is echoed in four pieces,
/// each of which is an array of its own. The guard has to fail on it.
/// </summary>
internal static class DegradedPeer
{
    private const int PieceSize = 16;
    private static long _received;

    public static async Task RunAsync(int port, int managementPort)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ListenAnyIP(port, listen => listen.UseConnectionHandler<PiecewiseEchoHandler>());
            kestrel.ListenLocalhost(managementPort);
        });
        await using var app = builder.Build();
        app.MapGet("/metrics", () => Results.Text(
            $"dotnet_gc_heap_total_allocated_bytes_total {GC.GetTotalAllocatedBytes()}\necho_received_bytes_total {Volatile.Read(ref _received)}\n"));
        await app.RunAsync();
    }

    private sealed class PiecewiseEchoHandler : ConnectionHandler
    {
        public override async Task OnConnectedAsync(ConnectionContext connection)
        {
            var input = connection.Transport.Input;
            while (await input.ReadAsync() is { IsCompleted: false, Buffer: var buffer })
            {
                Interlocked.Add(ref _received, buffer.Length);
                for (var rest = buffer; !rest.IsEmpty;)
                {
                    var piece = rest.Slice(0, Math.Min(PieceSize, rest.Length));
                    await connection.Transport.Output.WriteAsync(piece.ToArray());
                    rest = rest.Slice(piece.End);
                    // Lets the transport send this piece alone instead of joining it with the next.
                    await Task.Yield();
                }
                input.AdvanceTo(buffer.End);
            }
        }
    }
}
