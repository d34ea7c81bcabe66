namespace EchoService.Bench;

/// <summary>Reads management pages once a second until it is stopped.</summary>
internal sealed class Poller : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _client;
    private readonly Task _polling;

    public Poller(int managementPort, params string[] paths)
    {
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{managementPort}"), Timeout = TimeSpan.FromSeconds(10) };
        _polling = PollAsync(paths);
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

    private async Task PollAsync(string[] paths)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        try
        {
            do
            {
                foreach (var path in paths)
                    await _client.GetByteArrayAsync(new Uri(path, UriKind.Relative), _stop.Token);
            }
            while (await timer.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // Asked to stop.
        }
    }
}
