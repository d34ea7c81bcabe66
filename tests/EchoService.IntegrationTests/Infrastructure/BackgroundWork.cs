namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>
/// What goes on beside a test until it is told to end. It ends with the test at the latest, a failed one too: going on, it
/// would take the machine from all the others.
/// </summary>
internal sealed class BackgroundWork : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly Task _all;

    /// <param name="count">How many at once.</param>
    /// <param name="work">Given its number from 0, and what tells it to end.</param>
    public BackgroundWork(int count, Func<int, CancellationToken, Task> work) =>
        _all = Task.WhenAll(Enumerable.Range(0, count).Select(number => work(number, _stop.Token)));

    /// <summary>The same on threads of their own, for what never waits.</summary>
    public BackgroundWork(int count, Action<CancellationToken> work)
        : this(count, (_, stop) => Task.Factory.StartNew(() => work(stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))
    {
    }

    /// <summary>Has it end, and fails as it did.</summary>
    public async Task EndAsync()
    {
        await _stop.CancelAsync();
        await _all;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        // How it ended is for whoever asks; a test that has failed says more.
        await Task.WhenAny(_all);
        _stop.Dispose();
    }
}
