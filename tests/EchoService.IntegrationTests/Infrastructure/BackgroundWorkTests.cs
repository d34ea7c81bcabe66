namespace EchoService.IntegrationTests.Infrastructure;

public sealed class BackgroundWorkTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task EndsWithATestThatFails(bool isOnThreads)
    {
        var running = 0;
        await Should.ThrowAsync<TimeoutException>(FailAsync());
        running.ShouldBe(0);

        async Task FailAsync()
        {
            await using var work = isOnThreads ? new BackgroundWork(2, Spin) : new BackgroundWork(2, (_, stop) => GoOnAsync(stop));
            await Eventually.TrueAsync(() => Volatile.Read(ref running) == 2);
            throw new TimeoutException("as a test does");
        }

        void Spin(CancellationToken stop)
        {
            Interlocked.Increment(ref running);
            stop.WaitHandle.WaitOne();
            Interlocked.Decrement(ref running);
        }

        async Task GoOnAsync(CancellationToken stop)
        {
            Interlocked.Increment(ref running);
            while (!stop.IsCancellationRequested)
            {
                await Task.Delay(1, CancellationToken.None);
            }

            Interlocked.Decrement(ref running);
        }
    }

    [Fact]
    public async Task FailsAsTheWorkDid()
    {
        await using var work = new BackgroundWork(1, (_, _) => Task.FromException(new InvalidOperationException("of its own")));
        await Should.ThrowAsync<InvalidOperationException>(work.EndAsync());
    }
}
