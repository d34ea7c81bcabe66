using System.Net.Sockets;

namespace EchoService.Probe.Explaining;

/// <summary>
/// A connection whose reader goes on on the thread pool. Completions of sockets run on the threads that measure
/// (<c>Program.cs</c>), where reading an answer must not hold up anybody.
/// </summary>
internal sealed class OffSocketThreadStream(Socket socket) : NetworkStream(socket, ownsSocket: true)
{
    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await base.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        await Leave();
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await base.WriteAsync(buffer, cancellationToken).ConfigureAwait(false);
        await Leave();
    }

    /// <summary>Awaited, goes on on the thread pool.</summary>
    public static System.Runtime.CompilerServices.ConfiguredTaskAwaitable Leave() => Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
}
