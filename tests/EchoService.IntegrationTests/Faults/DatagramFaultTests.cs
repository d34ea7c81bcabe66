using System.Diagnostics;
using EchoService.IntegrationTests.Lifecycle;
using EchoService.IntegrationTests.Udp;
using EchoService.Transport;
using EchoService.Transport.Faults;
using EchoService.Transport.Udp;

namespace EchoService.IntegrationTests.Faults;

/// <summary>Faults of datagrams.</summary>
public sealed class DatagramFaultTests : FaultTests
{
    private protected override string[] Settings => ["Echo:Udp:Enabled=true"];

    [Fact]
    public async Task DroppedDatagramsAreCountedAndNotAnswered()
    {
        using var client = new DatagramClient(Host.EndPoint);
        var fault = Begin(new FaultSpec(FaultKind.UdpDrop, Long));
        client.Socket.Send([1]);
        await Eventually.TrueAsync(() => Host.Server.UdpCounters.Dropped(UdpDropReason.Fault) == 1);
        fault.Connections.ShouldBe(1);
        Host.Server.UdpCounters.Sent.ShouldBe(0);
        End(fault);
        client.Socket.Send([2]);
        Receive(client).ShouldBe([2]);
    }

    [Fact]
    public void DuplicatedDatagramsComeTwice()
    {
        using var client = new DatagramClient(Host.EndPoint);
        Begin(new FaultSpec(FaultKind.UdpDuplicate, Long));
        client.Socket.Send([1, 2]);
        Receive(client).ShouldBe([1, 2]);
        Receive(client).ShouldBe([1, 2]);
    }

    [Fact]
    public void DelayedDatagramsComeLaterAndWhole()
    {
        using var client = new DatagramClient(Host.EndPoint);
        Begin(new FaultSpec(FaultKind.UdpDelay, Long) { Delay = TimeSpan.FromMilliseconds(200) });
        var sent = Stopwatch.GetTimestamp();
        client.Socket.Send([1, 2, 3]);
        Receive(client).ShouldBe([1, 2, 3]);
        Stopwatch.GetElapsedTime(sent).TotalMilliseconds.ShouldBeGreaterThanOrEqualTo(199);
    }

    [Fact]
    public async Task WhatADelayHasHeldLeavesAtOnceAndInOrderWhenItEnds()
    {
        using var client = new DatagramClient(Host.EndPoint);
        var fault = Begin(new FaultSpec(FaultKind.UdpDelay, Long) { Delay = TimeSpan.FromMinutes(10) });
        for (byte i = 0; i < 20; i++)
        {
            client.Socket.Send([i]);
        }

        await Eventually.TrueAsync(() => fault.Connections == 20);
        Host.Server.UdpCounters.Sent.ShouldBe(0);
        End(fault);
        for (byte i = 0; i < 20; i++)
        {
            Receive(client).ShouldBe([i]);
        }
    }

    [Fact]
    public async Task NoMoreIsHeldBackThanSoManyBytesAndThereIsRoomAgainAfterwards()
    {
        const int Size = 60_000;
        const int Most = (16 << 20) / Size;
        var delay = TimeSpan.FromSeconds(10);
        await using var harness = new LifecycleHarness(new EchoOptions { Udp = new UdpOptions { Enabled = true } });
        var counters = harness.Server.UdpCounters;
        using var client = new DatagramClient(harness.Server.EndPoint!);
        harness.Server.Faults.TryBegin(new FaultSpec(FaultKind.UdpDelay, Long) { Delay = delay }, out _, out _).ShouldBeTrue();
        for (var sent = 2; sent <= Most + 3; sent += 2)
        {
            client.Send(new byte[Size]);
            client.Send(new byte[Size]);
            // The kernel's buffer for the service holds few of them.
            await Eventually.TrueAsync(() => counters.Received == sent);
        }

        await Eventually.TrueAsync(() => counters.Dropped(UdpDropReason.Resource) == 3);
        harness.Time.Advance(delay);
        await Eventually.TrueAsync(() => counters.Sent == Most);

        client.Send([1]);
        await Eventually.TrueAsync(() => counters.Received == Most + 4);
        harness.Time.Advance(delay);
        await Eventually.TrueAsync(() => counters.Sent == Most + 1);
        counters.Dropped(UdpDropReason.Resource).ShouldBe(3);
    }

    private static byte[] Receive(DatagramClient client)
    {
        client.Socket.ReceiveTimeout = (int)Eventually.Deadline.TotalMilliseconds;
        var buffer = new byte[100];
        return buffer[..client.Socket.Receive(buffer)];
    }
}
