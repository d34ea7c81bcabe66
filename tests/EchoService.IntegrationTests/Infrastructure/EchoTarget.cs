using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>A service under test, wherever it runs: where it echoes, and what its management API tells and does.</summary>
internal class EchoTarget : IAsyncDisposable
{
    private readonly HttpClient _http;

    /// <param name="endPoint">Where it echoes.</param>
    /// <param name="management">Where its management API is.</param>
    /// <param name="apiKey">What its management API asks for; null where it is on loopback and asks for nothing.</param>
    public EchoTarget(IPEndPoint endPoint, Uri management, string? apiKey = null)
    {
        EndPoint = endPoint;
        _http = new HttpClient { BaseAddress = management, Timeout = Eventually.Deadline };
        _http.DefaultRequestHeaders.Authorization = apiKey is null ? null : new AuthenticationHeaderValue("Bearer", apiKey);
    }

    public IPEndPoint EndPoint { get; }

    /// <summary>How often its management API is asked before it is given up; once unless connections to it are cut off on purpose.</summary>
    public int Attempts { get; set; } = 1;

    public async Task<ServiceStats> GetStatsAsync() => ServiceStats.Parse(await GetJsonAsync("/stats"));

    /// <summary>The connection that was accepted last and is still open. Waits until there is one.</summary>
    /// <returns>A client of <c>GET /clients</c>.</returns>
    public async Task<JsonElement> GetNewestAsync()
    {
        var clients = await Eventually.BecomesAsync(() => GetJsonAsync("/clients?sort=-id&limit=1"), page => page.GetProperty("items").GetArrayLength() > 0);
        return clients.GetProperty("items").EnumerateArray().Single();
    }

    /// <summary>The id of the connection that was accepted last and is still open.</summary>
    public async Task<long> GetNewestIdAsync() => (await GetNewestAsync()).GetProperty("id").GetInt64();

    /// <summary>Closes a connection from outside.</summary>
    /// <param name="id">Which one.</param>
    /// <param name="mode"><c>graceful</c> or <c>reset</c>.</param>
    public async Task KillAsync(long id, string mode)
    {
        using var response = await _http.DeleteAsync($"/clients/{id}?mode={mode}", TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        response.StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    /// <summary>Closes the connection that was accepted last and is still open.</summary>
    public async Task KillNewestAsync(string mode) => await KillAsync(await GetNewestIdAsync(), mode);

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
        Func<ServiceStats, bool> wanted, TimeSpan? deadline = null, [CallerArgumentExpression(nameof(wanted))] string? text = null) =>
        Eventually.BecomesAsync(GetStatsAsync, wanted, deadline, text);

    public virtual ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        _http.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<JsonElement> GetJsonAsync(string path)
    {
        for (var left = Attempts; ; left--)
        {
            try
            {
                return await _http.GetFromJsonAsync<JsonElement>(path, TestContext.Current.CancellationToken);
            }
            catch (Exception exception) when (left > 1 && exception is HttpRequestException or IOException)
            {
                // Cut off.
            }
            finally
            {
                await EchoClient.LeaveSocketThreadAsync();
            }
        }
    }
}
