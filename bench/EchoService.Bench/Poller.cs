namespace EchoService.Bench;

/// <summary>Reads management pages at a steady pace until it is stopped.</summary>
internal sealed class Poller : IDisposable
{
    private static readonly string[] Paths = ["/clients?limit=100", "/metrics"];

    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _client;
    private readonly Task _polling;

    /// <param name="managementPort">The server's.</param>
    /// <param name="interval">Time from one reading to the next.</param>
    public Poller(int managementPort, TimeSpan interval)
    {
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{managementPort}"), Timeout = TimeSpan.FromSeconds(10) };
        _polling = PollAsync(interval);
    }

    /// <summary>Null, or what went wrong: a page that failed was not measured.</summary>
    public async Task<string?> StopAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _polling;
            return null;
        }
        catch (HttpRequestException e)
        {
            return e.Message;
        }
    }

    public void Dispose()
    {
        _stop.Dispose();
        _client.Dispose();
    }

    private async Task PollAsync(TimeSpan interval)
    {
        using var timer = new PeriodicTimer(interval);
        try
        {
            do
            {
                foreach (var path in Paths)
                {
                    await _client.GetByteArrayAsync(new Uri(path, UriKind.Relative), _stop.Token);
                }
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }
}
