using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.IntegrationTests.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Connections;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>The beginning and the end of a connection when something fails in the middle of them; and when age ends it.</summary>
public sealed class ConnectionEndTests
{
    [Fact]
    public async Task WhateverFailsAtTheEndThePlaceIsGivenBack()
    {
        var observer = new Observer { OnDuration = static () => throw new InvalidOperationException("By the test.") };
        await using var harness = new LifecycleHarness(new EchoOptions { MaxConnections = 1 }, observer: observer);
        for (var i = 0; i < 3; i++)
        {
            var client = await harness.ConnectAsync();
            await harness.EchoAsync(client);
            client.Shutdown(SocketShutdown.Send);
            await LifecycleHarness.ShouldSeeFinAsync(client);
            await Eventually.TrueAsync(() => harness.Server.Limit.Active == 0);
        }

        harness.Server.Connections.Ended.Count().ShouldBe(3);
        harness.Server.Counters.Closed(CloseReason.ClientFin).ShouldBe(3);
    }

    [Fact]
    public async Task AConnectionThatGetsNoEventArgsIsTurnedAwayAndLeaksNothing()
    {
        await using var harness = new LifecycleHarness(new EchoOptions { MaxConnections = 2 });
        var borrowed = new[] { harness.Server.EventArgs.Rent(null!), harness.Server.EventArgs.Rent(null!) };
        using (var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))
        {
            await client.ConnectAsync(harness.Server.EndPoint!, TestContext.Current.CancellationToken);
            await LifecycleHarness.ShouldSeeFinAsync(client);
        }

        await Eventually.TrueAsync(() => harness.Server.Limit.Active == 0);
        harness.Server.Counters.Rejected(Transport.Accepting.RejectReason.Resource).ShouldBe(1);
        harness.Server.Buffers.BytesInUse.ShouldBe(0);
        foreach (var args in borrowed)
        {
            harness.Server.EventArgs.Return(args);
        }

        await harness.EchoAsync(await harness.ConnectAsync());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(100)]
    [InlineData(65_536)]
    [InlineData(int.MaxValue)]
    public async Task AResetIsTheClientsDoingWhateverItMeets(int bytes)
    {
        await using var harness = new LifecycleHarness();
        var client = await harness.ConnectAsync();
        var connection = harness.Server.Connections.Live.ShouldHaveSingleItem();
        if (bytes == int.MaxValue)
        {
            // It meets a send.
            await harness.FillAsync(client);
        }
        else
        {
            // It meets a receive, or the wait of a busy connection for more.
            await harness.EchoAsync(client, bytes);
        }

        client.LingerState = new LingerOption(enable: true, seconds: 0);
        client.Dispose();

        await Eventually.TrueAsync(() => connection.State == ConnectionState.Closed);
        (connection.CloseReason, connection.CloseOutcome).ShouldBe((CloseReason.ClientReset, CloseOutcome.CutByClient));
        (connection.PendingBytes > 0).ShouldBe(bytes == int.MaxValue);
        // It is counted once it says that it has ended.
        await Eventually.TrueAsync(() => harness.Server.Counters.Closed(CloseReason.ClientReset, CloseOutcome.CutByClient) == 1);
    }

    [Fact]
    public async Task NoByteIsLostWhenTheHandleIsInUseAtTheEnd()
    {
        await using var harness = new LifecycleHarness();
        // One whose calls block, and on no socket's thread: the loop's waits at the end until the handle is let go.
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 30_000 };
        client.Connect(harness.Server.EndPoint!);
        await Eventually.TrueAsync(() => harness.Server.Connections.Live.Any());
        await EchoClient.LeaveSocketThreadAsync();
        var handle = harness.Server.Connections.Live.ShouldHaveSingleItem().Socket!.SafeHandle;
        var isInUse = false;
        handle.DangerousAddRef(ref isInUse);
        try
        {
            // As by a close, the sweep or a reader of the figures that come at this very moment.
            client.Send(new byte[10_000]);
            client.Shutdown(SocketShutdown.Send);

            var received = 0;
            var buffer = new byte[10_000];
            for (int count; (count = client.Receive(buffer)) > 0;)
            {
                received += count;
            }

            received.ShouldBe(10_000);
        }
        finally
        {
            handle.DangerousRelease();
        }
    }

    [Fact]
    public async Task OneThatWasCutOffStillTellsWhereItHadConnected()
    {
        await using var harness = new LifecycleHarness();
        var client = await harness.ConnectAsync();
        var connection = harness.Server.Connections.Live.ShouldHaveSingleItem();
        connection.Abort(CloseReason.Admin).ShouldBeTrue();
        await LifecycleHarness.ShouldSeeResetAsync(client);
        await Eventually.TrueAsync(() => connection.State == ConnectionState.Closed);
        connection.LocalEndPoint.ShouldBe(harness.Server.EndPoint);
    }

    [Fact]
    public async Task ThoseThatCameTogetherDoNotReachTheirAgeTogether()
    {
        await using var harness = new LifecycleHarness(new EchoOptions { MaxLifetime = TimeSpan.FromSeconds(1000) });
        await harness.ConnectAsync(40);
        int Open() => harness.Server.Connections.Live.Count(connection => connection.State == ConnectionState.Open);

        harness.Time.Advance(TimeSpan.FromSeconds(895));
        Open().ShouldBe(40);
        harness.Time.Advance(TimeSpan.FromSeconds(104));
        Open().ShouldBeInRange(1, 39);
        harness.Time.Advance(TimeSpan.FromSeconds(106));
        Open().ShouldBe(0);
    }
}
