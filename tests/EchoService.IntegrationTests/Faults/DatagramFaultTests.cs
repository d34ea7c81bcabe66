using System.Diagnostics;
using EchoService.IntegrationTests.Udp;
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

    private static byte[] Receive(DatagramClient client)
    {
        client.Socket.ReceiveTimeout = (int)Eventually.Deadline.TotalMilliseconds;
        var buffer = new byte[100];
        return buffer[..client.Socket.Receive(buffer)];
    }
}
