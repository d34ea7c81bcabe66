using EchoService.Testcontainers;
using Xunit;

namespace RetryingClient.Tests;

/// <summary>What the client makes of a server that misbehaves. Each fault has hold of the connection that was there when it began, and of no later one.</summary>
public sealed class EchoClientTests(EchoServer server) : IClassFixture<EchoServer>, IAsyncLifetime
{
    private static readonly byte[] Message = [.. Enumerable.Range(0, 2000).Select(i => (byte)i)];

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    private EchoManagementClient Server => server.Container.Management;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (server.IsRunning)
        {
            await Server.EndFaultsAsync(CancellationToken.None);
        }
    }

    [Fact]
    public async Task SendsOverOneConnectionWhileAllIsWell()
    {
        var accepted = (await Server.GetStatsAsync(Ended)).Connections.Accepted;
        using var client = Connect();
        for (var i = 0; i < 10; i++)
        {
            await client.EchoAsync(Message, Ended);
        }

        Assert.Empty(client.Failures);
        Assert.Equal(accepted + 1, (await Server.GetStatsAsync(Ended)).Connections.Accepted);
    }

    [Fact]
    public async Task ConnectsAgainAfterAReset()
    {
        using var client = Connect();
        await client.EchoAsync(Message, Ended);
        await Server.InjectAsync(new Fault.Reset { AfterBytes = 1000, Connections = FaultScope.Open, Duration = TimeSpan.FromMinutes(1) }, Ended);

        await client.EchoAsync(Message, Ended);

        Assert.Equal([Failure.Ended], client.Failures);
    }

    [Fact]
    public async Task DoesNotWaitForAServerThatStalls()
    {
        using var client = Connect(new RetryOptions { Timeout = TimeSpan.FromMilliseconds(500) });
        await client.EchoAsync(Message, Ended);
        var stall = await Server.InjectAsync(new Fault.Stall { Connections = FaultScope.Open, Duration = TimeSpan.FromMinutes(1) }, Ended);

        await client.EchoAsync(Message, Ended);

        Assert.Contains(Failure.Late, client.Failures);
        Assert.True((await Server.GetFaultAsync(stall.Id, Ended)).ConnectionsAffected > 0);
    }

    [Fact]
    public async Task TakesNoAnswerThatIsCorrupted()
    {
        using var client = Connect();
        await client.EchoAsync(Message, Ended);
        await Server.InjectAsync(new Fault.Corrupt { EveryBytes = 1000, Connections = FaultScope.Open, Duration = TimeSpan.FromMinutes(1) }, Ended);

        await client.EchoAsync(Message, Ended);

        Assert.Equal([Failure.Corrupted], client.Failures);
    }

    [Fact]
    public async Task GoesOnAfterADrainOnceAServerIsThereAgain()
    {
        using var client = Connect(new RetryOptions { Attempts = 20 });
        await client.EchoAsync(Message, Ended);
        await Server.BeginDrainAsync(cancellationToken: Ended);
        var drained = await Server.WaitForPhaseAsync(ServicePhase.Draining, TimeSpan.FromSeconds(30), Ended);
        Assert.Equal(0, drained.ClosedForced);

        var message = client.EchoAsync(Message, Ended);
        await Server.CancelDrainAsync(Ended);
        await message;

        // The connection that it had was closed by the drain, in order.
        Assert.Contains(Failure.Ended, client.Failures);
    }

    [Fact]
    public async Task GivesUpAfterItsLastAttempt()
    {
        using var client = Connect(new RetryOptions { Attempts = 3, Pause = TimeSpan.FromMilliseconds(1) });
        await Server.InjectAsync(new Fault.Corrupt { EveryBytes = 1, Duration = TimeSpan.FromMinutes(1) }, Ended);

        var exception = await Assert.ThrowsAsync<EchoFailedException>(() => client.EchoAsync(Message, Ended));

        Assert.Equal(Failure.Corrupted, exception.Failure);
        Assert.Equal(3, client.Failures.Count);
    }

    private EchoClient Connect(RetryOptions? options = null) => new(server.Container.EchoEndPoint, options ?? new RetryOptions());
}
