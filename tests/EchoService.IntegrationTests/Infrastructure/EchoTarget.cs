using System.Net;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>A service under test, wherever it runs: an echo endpoint, and what its management API tells and does.</summary>
internal abstract class EchoTarget : IAsyncDisposable
{
    /// <summary>Where it echoes.</summary>
    public abstract IPEndPoint EndPoint { get; }

    /// <summary>How it is.</summary>
    public abstract Task<ServiceStats> GetStatsAsync();

    /// <summary>The id of the connection that was accepted last and is still open.</summary>
    public abstract Task<long> GetNewestIdAsync();

    /// <summary>Closes a connection from outside.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="mode"><c>graceful</c> or <c>reset</c>.</param>
    public abstract Task KillAsync(long id, string mode);

    public abstract ValueTask DisposeAsync();

    /// <summary>What a connection has to begin with before anything is echoed; nothing unless PROXY protocol is required.</summary>
    public ReadOnlyMemory<byte> Preamble { get; set; }

    public async Task<EchoClient> ConnectAsync(int seed = 0, int? receiveBufferSize = null)
    {
        var client = await EchoClient.ConnectAsync(EndPoint, seed, receiveBufferSize);
        client.Socket.Send(Preamble.Span);
        return client;
    }

    /// <summary>Connects <paramref name="count"/> clients, and waits until the service knows them all.</summary>
    public async Task<EchoClient[]> ConnectAllAsync(int count)
    {
        var accepted = (await GetStatsAsync()).Accepted;
        var clients = new EchoClient[count];
        for (var i = 0; i < count; i++)
        {
            clients[i] = await ConnectAsync(i);
        }

        await WaitForAsync(stats => stats.Accepted >= accepted + count);
        return clients;
    }

    /// <summary>Reads the stats until they are as wanted.</summary>
    public Task<ServiceStats> WaitForAsync(
        Func<ServiceStats, bool> wanted, [System.Runtime.CompilerServices.CallerArgumentExpression(nameof(wanted))] string? text = null) =>
        Eventually.BecomesAsync(GetStatsAsync, wanted, text: text);
}
