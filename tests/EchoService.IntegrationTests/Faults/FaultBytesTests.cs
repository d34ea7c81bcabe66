using System.Diagnostics;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Connections;
using EchoService.Transport.Faults;

namespace EchoService.IntegrationTests.Faults;

/// <summary>What each kind does to the bytes of a connection: to the byte.</summary>
public sealed class FaultBytesTests : FaultTests
{
    [Theory]
    [InlineData(FaultKind.Corrupt, 1)]
    [InlineData(FaultKind.Corrupt, 2)]
    [InlineData(FaultKind.Corrupt, 1000)]
    [InlineData(FaultKind.Drop, 1)]
    [InlineData(FaultKind.Drop, 7)]
    [InlineData(FaultKind.Drop, 4096)]
    [InlineData(FaultKind.Duplicate, 1)]
    [InlineData(FaultKind.Duplicate, 13)]
    [InlineData(FaultKind.Duplicate, 1024)]
    public async Task EverySoManyBytesOneIsAlteredWhereverReadsEnd(object kind, int every)
    {
        var random = new Random(every);
        var sent = new byte[300_000];
        random.NextBytes(sent);
        var fault = Begin(new FaultSpec((FaultKind)kind, Long) { EveryBytes = every });
        using var socket = await ConnectRawAsync();

        var received = await ExchangeAsync(socket, sent, () => random.Next(4) == 0 ? random.Next(1, 40_000) : random.Next(1, 100));

        received.ShouldBe(Altered(sent, (FaultKind)kind, every));
        fault.Bytes.ShouldBe(sent.Length / every);
        fault.Connections.ShouldBe(1);
        Host.Server.Counters.Altered.ShouldBe(received.Length - sent.Length);
    }

    [Fact]
    public async Task FaultsActInTheOrderInWhichTheyCame()
    {
        var sent = new byte[10_000];
        new Random(1).NextBytes(sent);
        Begin(new FaultSpec(FaultKind.Drop, Long) { EveryBytes = 3 });
        Begin(new FaultSpec(FaultKind.Corrupt, Long) { EveryBytes = 2 });
        Begin(new FaultSpec(FaultKind.Duplicate, Long) { EveryBytes = 5 });
        using var socket = await ConnectRawAsync();

        var received = await ExchangeAsync(socket, sent, () => 777);

        received.ShouldBe(Altered(Altered(Altered(sent, FaultKind.Drop, 3), FaultKind.Corrupt, 2), FaultKind.Duplicate, 5));
    }

    [Fact]
    public async Task OfOneKindTheFirstKeepsHold()
    {
        var sent = new byte[1000];
        var first = Begin(new FaultSpec(FaultKind.Corrupt, Long) { EveryBytes = 10 });
        var second = Begin(new FaultSpec(FaultKind.Corrupt, Long) { EveryBytes = 1 });
        using var socket = await ConnectRawAsync();

        var received = await ExchangeAsync(socket, sent, () => 100);

        received.ShouldBe(Altered(sent, FaultKind.Corrupt, 10));
        (first.Connections, second.Connections).ShouldBe((1, 0));
    }

    [Theory]
    [InlineData(FaultKind.Reset, 1)]
    [InlineData(FaultKind.Reset, 100)]
    [InlineData(FaultKind.Reset, 100_000)]
    [InlineData(FaultKind.Fin, 0)]
    [InlineData(FaultKind.Fin, 1)]
    [InlineData(FaultKind.Fin, 100)]
    [InlineData(FaultKind.Fin, 100_000)]
    public async Task ConnectionIsCutAfterExactlyThatManyBytes(object kind, int after)
    {
        BytesAreCut = true;
        var fault = Begin(new FaultSpec((FaultKind)kind, Long) { AfterBytes = after });
        using var client = await Host.ConnectAsync();
        var receiving = client.ReceiveToEndAsync();
        // A byte more than it gets back.
        await client.SendAsync(after + 1);

        var end = await receiving;

        if (end == StreamEnd.Fin)
        {
            client.ShutdownSend();
        }

        client.Received.ShouldBe(after);
        end.ShouldBe((FaultKind)kind == FaultKind.Reset ? StreamEnd.Reset : StreamEnd.Fin);
        var ended = await Eventually.BecomesAsync(() => Task.FromResult(Host.Server.Connections.Ended.SingleOrDefault()), connection => connection is not null);
        ended!.CloseReason.ShouldBe(CloseReason.Fault);
        ended.BytesSent.ShouldBe(after);
        ended.Detour!.FaultId.ShouldBe(fault.Id);
    }

    [Theory]
    [InlineData(0L)]
    [InlineData(null)]
    public async Task NewConnectionIsResetAtOnce(long? after)
    {
        var fault = Begin(new FaultSpec(FaultKind.Reset, Long) { AfterBytes = after });
        (await EndOfNewAsync()).ShouldBe(StreamEnd.Reset);
        fault.Connections.ShouldBe(1);
        await Host.WaitForAsync(stats => stats.Closed["fault"] == 1);
    }

    [Theory]
    [InlineData(FaultKind.Reset)]
    [InlineData(FaultKind.Fin)]
    public async Task OpenConnectionIsCutAtOnce(object kind)
    {
        using var client = await Host.ConnectAsync();
        await client.EchoAsync(1000);

        Begin(new FaultSpec((FaultKind)kind, Long) { Scope = FaultScope.Open });

        (await client.ReceiveToEndAsync()).ShouldBe((FaultKind)kind == FaultKind.Reset ? StreamEnd.Reset : StreamEnd.Fin);
        using var other = await Host.ConnectAsync();
        await other.EchoAsync(1000);
        await other.FinishAsync();
    }

    [Fact]
    public async Task NewConnectionIsMetAndAnOpenOneIsNot()
    {
        using var open = await Host.ConnectAsync();
        await open.EchoAsync(100);
        Begin(new FaultSpec(FaultKind.Drop, Long) { Scope = FaultScope.New, EveryBytes = 1 });
        using var late = await ConnectRawAsync();
        (await ExchangeAsync(late, new byte[100], () => 100)).ShouldBeEmpty();
        await open.EchoAsync(100);
        await open.FinishAsync();
    }

    [Fact]
    public async Task ReaderWhoTakesNothingIsResetInTime()
    {
        BytesAreCut = true;
        Begin(new FaultSpec(FaultKind.Reset, Long) { After = TimeSpan.FromMilliseconds(500) });
        using var client = await Host.ConnectAsync(receiveBufferSize: 4096);
        using var stop = new CancellationTokenSource();
        var sending = client.SendUntilAsync(stop.Token);
        await Host.WaitForAsync(stats => stats is { Active: 0, Accepted: 1 });
        await sending;
        Host.Server.Counters.Closed(CloseReason.Fault).ShouldBe(1);
    }

    [Fact]
    public async Task ReaderWhoTakesNothingOfWhatAnotherFaultHoldsIsResetInTime()
    {
        BytesAreCut = true;
        Begin(new FaultSpec(FaultKind.Slice, Long) { PieceBytes = 1 << 20 });
        using var client = await Host.ConnectAsync(receiveBufferSize: 4096);
        using var stop = new CancellationTokenSource();
        var sending = client.SendUntilAsync(stop.Token);
        await Host.WaitForAsync(_ => Host.Server.Connections.Live.Any());
        var connection = Host.Server.Connections.Live.Single();
        var sentBefore = -1L;
        await Eventually.TrueAsync(() =>
        {
            var last = sentBefore;
            sentBefore = connection.BytesSent;
            return connection.PendingBytes >= 262_144 && sentBefore == last;
        });

        // Nothing else is to come by then: the send that is outstanding stays so.
        Begin(new FaultSpec(FaultKind.Reset, Long) { After = TimeSpan.FromMilliseconds(200) });

        await Host.WaitForAsync(stats => stats is { Active: 0, Accepted: 1 });
        await sending;
        Host.Server.Counters.Closed(CloseReason.Fault).ShouldBe(1);
    }

    [Fact]
    public async Task StallHoldsAllAndItsEndDeliversAll()
    {
        using var client = await Host.ConnectAsync();
        await client.EchoAsync(100);
        var fault = Begin(new FaultSpec(FaultKind.Stall, Long));
        // Not all of it is sent before the end where the kernel has no room for it.
        var sending = client.SendAsync(100_000);
        var connection = Host.Server.Connections.Live.Single();
        await Eventually.TrueAsync(() => connection.BytesReceived > 100 && connection.Detour!.HoldsBack);
        client.Socket.Available.ShouldBe(0);
        connection.BytesSent.ShouldBe(100);
        // What was outstanding brought one read; nothing more is read.
        var read = connection.BytesReceived;
        read.ShouldBeLessThanOrEqualTo(100 + Host.Server.Options.MaxReceiveBufferSize);

        End(fault);

        await client.ReceiveAsync(100_000);
        await sending;
        await Eventually.TrueAsync(() => connection.Detour is null);
        await client.EchoAsync(1000);
        await client.FinishAsync();
    }

    [Fact]
    public async Task WhatIsHeldBackIsNoTimeOfTheClients()
    {
        await using var host = await EchoHost.StartAsync("Echo:SendTimeout=00:00:00.2", "Echo:IdleTimeout=00:00:00.2", "Echo:CloseTimeout=00:00:00.2");
        host.Server.Faults.TryBegin(new FaultSpec(FaultKind.Stall, Long), out var fault, out _).ShouldBeTrue();
        using var client = await host.ConnectAsync();
        await client.SendAsync(100);
        var connection = await Eventually.BecomesAsync(() => Task.FromResult(host.Server.Connections.Live.SingleOrDefault()), one => one?.BytesReceived == 100);
        // Asked to leave, it waits for what is held back for it, however long.
        connection!.Close(CloseReason.Admin).ShouldBeTrue();
        var since = Stopwatch.GetTimestamp();
        await Eventually.TrueAsync(() => Stopwatch.GetElapsedTime(since) > TimeSpan.FromSeconds(1));
        connection.State.ShouldBe(ConnectionState.Closing);

        host.Server.Faults.TryEnd(fault!.Id, FaultEnd.Deleted, out _).ShouldBeTrue();

        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        client.Received.ShouldBe(100);
    }

    [Fact]
    public async Task SliceLeavesInPiecesOfThatSize()
    {
        Begin(new FaultSpec(FaultKind.Slice, Long) { PieceBytes = 7, PieceInterval = TimeSpan.FromMilliseconds(100) });
        using var client = await Host.ConnectAsync();
        var sent = Stopwatch.GetTimestamp();
        await client.SendAsync(20);
        var sizes = new List<int>();
        while (client.Received < 20)
        {
            sizes.Add(await client.ReceiveSomeAsync(100));
        }

        // Two pauses, however many pieces a machine that stands still takes at once.
        Stopwatch.GetElapsedTime(sent).TotalMilliseconds.ShouldBeGreaterThanOrEqualTo(199);
        sizes.Count.ShouldBeInRange(1, 3);
        sizes.Sum().ShouldBe(20);
        sizes.ShouldAllBe(size => size % 7 == 0 || size % 7 == 6);
        await client.FinishAsync();
    }

    [Fact]
    public async Task ThrottleHoldsItsRate()
    {
        Begin(new FaultSpec(FaultKind.Throttle, Long) { BytesPerSecond = 20_000 });
        using var client = await Host.ConnectAsync();
        var started = Stopwatch.GetTimestamp();
        await client.EchoAsync(20_000);
        Stopwatch.GetElapsedTime(started).TotalSeconds.ShouldBeInRange(0.93, 5);
        await client.FinishAsync();
    }

    [Fact]
    public async Task ClientsFinIsNotAnsweredUntilKeepOpenEnds()
    {
        var fault = Begin(new FaultSpec(FaultKind.KeepOpen, Long));
        using var client = await Host.ConnectAsync();
        await client.EchoAsync(1000);
        client.ShutdownSend();
        var connection = Host.Server.Connections.Live.Single();
        await Eventually.TrueAsync(() => connection.Detour!.HoldsBack);
        connection.State.ShouldBe(ConnectionState.Open);
        client.Socket.Poll(TimeSpan.FromMilliseconds(200), SelectMode.SelectRead).ShouldBeFalse();

        End(fault);

        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        await Host.WaitForAsync(stats => stats.Closed["clientFin"] == 1);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task WhoIsHeldCanBeClosedAllTheSame(bool reset)
    {
        BytesAreCut = true;
        Begin(new FaultSpec(FaultKind.Stall, Long) { Scope = FaultScope.Open });
        Begin(new FaultSpec(FaultKind.KeepOpen, Long));
        using var client = await Host.ConnectAsync();
        await client.EchoAsync(10);
        client.ShutdownSend();
        var connection = Host.Server.Connections.Live.Single();
        await Eventually.TrueAsync(() => connection.Detour!.HoldsBack);

        _ = reset ? connection.Abort(CloseReason.Admin) : connection.Close(CloseReason.Admin);

        (await client.ReceiveToEndAsync()).ShouldBe(reset ? StreamEnd.Reset : StreamEnd.Fin);
        await Host.WaitForAsync(stats => stats.Closed["admin"] == 1 && stats.EventArgsInUse == 0);
    }

    [Fact]
    public async Task StalledConnectionIsResetAtOnceWhenAsked()
    {
        BytesAreCut = true;
        Begin(new FaultSpec(FaultKind.Stall, Long));
        using var client = await Host.ConnectAsync();
        await client.SendAsync(100);
        var connection = await Eventually.BecomesAsync(() => Task.FromResult(Host.Server.Connections.Live.SingleOrDefault()), one => one?.BytesReceived == 100);

        connection!.Abort(CloseReason.Admin).ShouldBeTrue();

        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Reset);
        await Host.WaitForAsync(stats => stats.Closed["admin"] == 1 && stats.EventArgsInUse == 0);
    }

    [Fact]
    public async Task WhatAResetLeavesUnsentIsCountedToTheByte()
    {
        await using var host = await EchoHost.StartAsync("Faults:Enabled=true", "Echo:SocketSendBuffer=4096");
        host.Server.Faults.TryBegin(new FaultSpec(FaultKind.Delay, Long), out _, out _).ShouldBeTrue();
        using var client = await host.ConnectAsync();
        // More than the kernel takes, all of it in one send.
        using var stop = new CancellationTokenSource();
        var sending = client.SendUntilAsync(stop.Token);
        var connection = await Eventually.BecomesAsync(() => Task.FromResult(host.Server.Connections.Live.SingleOrDefault()), one => one?.PendingBytes >= 200_000);
        await client.ReceiveAsync(100_000);

        connection!.Abort(CloseReason.Admin).ShouldBeTrue();

        // The kernel tells of the reset once, and it may be the sender that hears it.
        await client.ReceiveToEndAsync();
        await sending;
        var stats = await host.WaitForAsync(stats => stats.Active == 0);
        connection.BytesSent.ShouldBeGreaterThanOrEqualTo(client.Received);
        stats.BytesSent.ShouldBe(connection.BytesSent);
        host.Server.Counters.Abandoned.ShouldBe(connection.BytesReceived - connection.BytesSent);
    }

    private static byte[] Altered(byte[] bytes, FaultKind kind, int every)
    {
        var result = new List<byte>();
        for (var i = 0; i < bytes.Length; i++)
        {
            var isHit = (i + 1) % every == 0;
            switch (isHit ? kind : null as FaultKind?)
            {
                case FaultKind.Corrupt:
                    result.Add((byte)~bytes[i]);
                    break;
                case FaultKind.Drop:
                    break;
                case FaultKind.Duplicate:
                    result.Add(bytes[i]);
                    result.Add(bytes[i]);
                    break;
                default:
                    result.Add(bytes[i]);
                    break;
            }
        }

        return [.. result];
    }
}
