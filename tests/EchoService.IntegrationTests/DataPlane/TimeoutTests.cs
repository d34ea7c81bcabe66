using System.Diagnostics;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>Time limits: each closes whom it is for, in its way, and leaves the others alone.</summary>
public sealed class TimeoutTests : ServiceTests
{
    [Fact]
    public async Task IdleTimeoutClosesTheSilentByFin()
    {
        var host = await StartAsync("Echo:IdleTimeout=00:00:00.500");
        var began = Stopwatch.GetTimestamp();
        using var client = await host.ConnectAsync();
        await client.EchoAsync(100);
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        // The clock of messages may be a heartbeat behind.
        Stopwatch.GetElapsedTime(began).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(350));
        client.ShutdownSend();
        await host.WaitForAsync(stats => stats.Closed["idleTimeout"] == 1);
    }

    [Fact]
    public async Task IdleTimeoutClosesAClientThatNeverSaidAnything()
    {
        var host = await StartAsync("Echo:IdleTimeout=00:00:00.500");
        using var client = await host.ConnectAsync();
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        client.Dispose();
        await host.WaitForAsync(stats => stats.Closed["idleTimeout"] == 1);
    }

    [Fact]
    public async Task IdleTimeoutSparesTheBusy()
    {
        var host = await StartAsync("Echo:IdleTimeout=00:00:02");
        using var silent = await host.ConnectAsync();
        using var busy = await host.ConnectAsync();
        var gone = silent.ReceiveToEndAsync();
        while (!gone.IsCompleted)
        {
            await busy.EchoAsync(1);
        }

        (await gone).ShouldBe(StreamEnd.Fin);
        await busy.EchoAsync(1);
        await busy.FinishAsync();
    }

    [Fact]
    public async Task SendTimeoutResetsAReaderThatTakesNothing()
    {
        BytesAreCut = true;
        var host = await StartAsync("Echo:SendTimeout=00:00:01");
        using var client = await host.ConnectAsync(receiveBufferSize: 4096);
        using var stop = new CancellationTokenSource();
        var sending = client.SendUntilAsync(stop.Token);
        await host.WaitForAsync(stats => stats.Closed["sendTimeout"] == 1);
        await sending;
        // Cut, and the client can tell: what it got is less than what the service had read.
        await client.ReceiveToEndAsync();
        client.Received.ShouldBeLessThan(client.Sent);
    }

    [Fact]
    public async Task SendTimeoutSparesAReaderThatIsSlowButSteady()
    {
        var host = await StartAsync("Echo:SendTimeout=00:00:01");
        // One buffer of the service takes longer to read than the timeout, but some of it is taken all the time: with
        // 8 KiB on this side and 8 KiB sent at once, a buffer of the largest size is many small steps.
        using var client = await host.ConnectAsync(receiveBufferSize: 8192);
        using var stop = new CancellationTokenSource();
        var sending = client.SendUntilAsync(stop.Token);
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(5))
        {
            await client.ReceiveAsync(2048);
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }

        var connection = host.Server.Connections.Live.ShouldHaveSingleItem();
        connection.PendingBytes.ShouldBePositive();
        await stop.CancelAsync();
        await sending;
        await client.FinishAsync();
        (await host.WaitForAsync(stats => stats.Active == 0)).Closed["sendTimeout"].ShouldBe(0);
    }

    [Fact]
    public async Task MaxLifetimeClosesByFinEvenInAStream()
    {
        var host = await StartAsync("Echo:MaxLifetime=00:00:01");
        using var silent = await host.ConnectAsync();
        using var busy = await host.ConnectAsync();
        using var stop = new CancellationTokenSource();
        var sending = busy.SendUntilAsync(stop.Token);
        (await busy.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        (await silent.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        busy.Received.ShouldBePositive();
        await stop.CancelAsync();
        await sending;
        busy.ShutdownSend();
        silent.ShutdownSend();
        await host.WaitForAsync(stats => stats.Closed["maxLifetime"] == 2);
    }

    [Fact]
    public async Task CloseTimeoutEndsTheWaitForAPeerThatSendsNoFin()
    {
        var host = await StartAsync("Echo:CloseTimeout=00:00:00.500");
        using var silent = await host.ConnectAsync();
        await silent.EchoAsync(100);
        await host.KillNewestAsync("graceful");
        (await silent.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        await host.WaitForAsync(stats => stats.Active == 0 && stats.Closed["admin"] == 1);

        // One that floods instead gets no longer.
        using var flood = await host.ConnectAsync();
        await flood.EchoAsync(100);
        using var stop = new CancellationTokenSource();
        await host.KillNewestAsync("graceful");
        var sending = flood.SendUntilAsync(stop.Token);
        await host.WaitForAsync(stats => stats.Active == 0 && stats.Closed["admin"] == 2);
        await sending;
    }

    [Fact]
    public async Task AGracefulCloseOfAReaderThatTakesNothingEndsBySendTimeout()
    {
        BytesAreCut = true;
        // Long enough for the kill below to come first on a busy machine.
        var host = await StartAsync("Echo:SendTimeout=00:00:05", "Echo:CloseTimeout=00:00:30");
        using var client = await host.ConnectAsync(receiveBufferSize: 4096);
        using var stop = new CancellationTokenSource();
        var sending = client.SendUntilAsync(stop.Token);
        await host.WaitForAsync(stats => stats.BytesUnsent > 0 && stats.BytesReceived > 100_000);
        await host.KillNewestAsync("graceful");
        // The reason is why it was closed in the first place.
        await host.WaitForAsync(stats => stats.Active == 0 && stats.Closed["admin"] == 1, TimeSpan.FromSeconds(20));
        await sending;
    }
}
