using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.IntegrationTests.Lifecycle;
using EchoService.Lifecycle;
using EchoService.Transport.Connections;
using EchoService.Transport.Faults;

namespace EchoService.IntegrationTests.Faults;

/// <summary>Faults of the listener, and what a drain makes of faults.</summary>
public sealed class ListenerFaultTests : FaultTests
{
    [Fact]
    public async Task RefusedWhileItLastsAndOpenOnesGoOn()
    {
        using var open = await Host.ConnectAsync();
        await open.EchoAsync(100);
        var fault = Begin(new FaultSpec(FaultKind.Refuse, Long));

        (await Should.ThrowAsync<SocketException>(ConnectRawAsync())).SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
        await EchoClient.LeaveSocketThreadAsync();
        await open.EchoAsync(100);

        End(fault);
        using var late = await Host.ConnectAsync();
        await late.EchoAsync(100);
        await late.FinishAsync();
        await open.FinishAsync();
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    public async Task RefusesOnWhateverAddressItListens(string address)
    {
        var host = await StartAsync("Faults:Enabled=true", $"Echo:Address={address}");
        var endPoint = host.Server.EndPoint!;
        host.Server.Faults.TryBegin(new FaultSpec(FaultKind.Refuse, Long), out var fault, out _).ShouldBeTrue();
        host.Server.IsListening.ShouldBeFalse();
        host.Server.Faults.TryEnd(fault.Id, FaultEnd.Deleted, out _).ShouldBeTrue();
        host.Server.EndPoint.ShouldBe(endPoint);
        host.Server.IsListening.ShouldBeTrue();
    }

    [Fact]
    public async Task NobodyIsAcceptedUntilItEnds()
    {
        var fault = Begin(new FaultSpec(FaultKind.NoAccept, Long));
        var clients = new List<EchoClient>();
        for (var i = 0; i < 10; i++)
        {
            clients.Add(await Host.ConnectAsync(i));
            await clients[i].SendAsync(100);
        }

        (await Host.GetStatsAsync()).Accepted.ShouldBe(0);

        End(fault);

        foreach (var client in clients)
        {
            await client.ReceiveAsync(100);
            await client.FinishAsync();
            client.Dispose();
        }
    }

    [Fact]
    public async Task WhoComesIsResetAndWhoIsThereGoesOn()
    {
        using var open = await Host.ConnectAsync();
        await open.EchoAsync(100);
        var fault = Begin(new FaultSpec(FaultKind.ResetNew, Long));

        (await EndOfNewAsync()).ShouldBe(StreamEnd.Reset);
        fault.Connections.ShouldBe(1);
        await open.EchoAsync(100);
        await open.FinishAsync();
        (await Host.GetStatsAsync()).Accepted.ShouldBe(1);
    }

    [Fact]
    public async Task OfThoseWhoComeAsManyAreResetAsWasAskedAndTheSameWithTheSameSeed()
    {
        async Task<bool[]> DrawAsync(double percent, int seed)
        {
            var fault = Begin(new FaultSpec(FaultKind.ResetNew, Long) { Percent = percent, Seed = seed });
            var drawn = new bool[20];
            for (var i = 0; i < drawn.Length; i++)
            {
                // Who is spared gets its echo and the service's FIN.
                try
                {
                    using var client = await Host.ConnectAsync();
                    await client.SendAsync(1);
                    client.ShutdownSend();
                    drawn[i] = await client.ReceiveToEndAsync() == StreamEnd.Reset;
                }
                catch (SocketException)
                {
                    await EchoClient.LeaveSocketThreadAsync();
                    drawn[i] = true;
                }
            }

            fault.Connections.ShouldBe(drawn.Count(one => one));
            End(fault);
            return drawn;
        }

        (await DrawAsync(0, 1)).ShouldAllBe(reset => !reset);
        var first = await DrawAsync(50, 1);
        first.Count(reset => reset).ShouldBeInRange(3, 17);
        (await DrawAsync(50, 1)).ShouldBe(first);
    }

    [Fact]
    public async Task WhoIsResetTakesNoPlaceFromThoseWhoQueue()
    {
        var host = await StartAsync("Faults:Enabled=true", "Echo:MaxConnections=1", "Echo:LimitPolicy=queue");
        host.Server.Faults.TryBegin(new FaultSpec(FaultKind.ResetNew, Long), out var fault, out _).ShouldBeTrue();
        for (var i = 1; i <= 3; i++)
        {
            using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await client.ConnectAsync(host.EndPoint, TestContext.Current.CancellationToken);
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
            {
                // Before the connect was seen to be done.
            }

            await Eventually.TrueAsync(() => fault!.Connections == i);
        }

        host.Server.Faults.TryEnd(fault!.Id, FaultEnd.Deleted, out _).ShouldBeTrue();
        using var late = await host.ConnectAsync();
        await late.EchoAsync(100);
        await late.FinishAsync();
    }

    [Theory]
    [InlineData(FaultKind.Delay)]
    [InlineData(FaultKind.Throttle)]
    [InlineData(FaultKind.Stall)]
    [InlineData(FaultKind.Slice)]
    [InlineData(FaultKind.KeepOpen)]
    public async Task DrainEndsEveryHoldBeforeItClosesAnyone(object kind)
    {
        var client = await Host.ConnectAsync();
        Begin(new FaultSpec((FaultKind)kind, Long) { Delay = TimeSpan.FromMinutes(5), BytesPerSecond = 1, PieceBytes = 1, PieceInterval = TimeSpan.FromMinutes(1) });
        await client.SendAsync(500);
        await Eventually.TrueAsync(() => Host.Server.Connections.Live.SingleOrDefault()?.BytesReceived == 500);

        Host.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Api);

        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        client.Received.ShouldBe(500);
        client.Dispose();
        await Eventually.TrueAsync(() => Host.Lifecycle.Phase == ServicePhase.Drained);
        Host.Lifecycle.Status.Closed.Forced.ShouldBe(0);
        Host.Server.Faults.TryBegin(new FaultSpec(FaultKind.Stall, Long), out _, out _).ShouldBeFalse();
        Host.Lifecycle.CancelDrain();
        Host.Server.Faults.Active.ShouldBeEmpty();
        Host.Server.Counters.Closed(CloseReason.Fault).ShouldBe(0);
    }

    [Fact]
    public async Task WhoWasNotLetInIsToldWhenTheServerEnds()
    {
        await using var harness = new LifecycleHarness();
        harness.Server.Faults.TryBegin(new FaultSpec(FaultKind.NoAccept, Long), out _, out _).ShouldBeTrue();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(harness.Server.EndPoint!, TestContext.Current.CancellationToken);

        harness.Server.Dispose();

        try
        {
            await LifecycleHarness.ShouldSeeFinAsync(client);
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.ConnectionReset)
        {
            // It was in the backlog still, and is cut off like whoever is connected then.
        }
    }
}
