using EchoService.IntegrationTests.Lifecycle;
using EchoService.Transport.Connections;
using EchoService.Transport.Faults;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>What a connection has moved, and when.</summary>
public sealed class ConnectionFiguresTests
{
    [Fact]
    public void EachDirectionHasItsCountAndItsTime()
    {
        var figures = new ConnectionFigures(7);
        (figures.LastReceivedAt, figures.LastSentAt).ShouldBe((7, 7));
        figures.OnReceived(100, 20);
        (figures.BytesReceived, figures.LastReceivedAt, figures.BytesSent, figures.LastSentAt).ShouldBe((100, 20, 0, 7));
        figures.OnSent(60, 30);
        figures.OnSent(40, 40);
        (figures.BytesReceived, figures.LastReceivedAt, figures.BytesSent, figures.LastSentAt).ShouldBe((100, 20, 100, 40));
        figures.OnDiscarded(3);
        figures.OnDiscarded(4);
        figures.OnAltered(5);
        figures.OnAltered(-2);
        (figures.BytesDiscarded, figures.BytesAltered).ShouldBe((7, 3));
        (figures.BytesReceived, figures.LastReceivedAt, figures.BytesSent, figures.LastSentAt).ShouldBe((100, 20, 100, 40));
    }

    [Fact]
    public async Task AByteInEitherDirectionEndsTheIdleTime()
    {
        await using var harness = new LifecycleHarness();
        harness.Time.Advance(TimeSpan.FromSeconds(10));
        var client = await harness.ConnectAsync();
        var connection = harness.Server.Connections.Live.ShouldHaveSingleItem();
        (connection.LastActiveAt, connection.LastReceivedAt, connection.LastSentAt).ShouldBe((10_000, 10_000, 10_000));

        // Between the two a fault holds the byte back.
        harness.Server.Faults.TryBegin(new FaultSpec(FaultKind.Stall, TimeSpan.FromHours(1)), out var fault, out _).ShouldBeTrue();
        harness.Time.Advance(TimeSpan.FromSeconds(10));
        client.Send([1]);
        await Eventually.TrueAsync(() => connection.BytesReceived == 1);
        (connection.LastActiveAt, connection.LastReceivedAt, connection.LastSentAt).ShouldBe((20_000, 20_000, 10_000));

        harness.Time.Advance(TimeSpan.FromSeconds(10));
        harness.Server.Faults.TryEnd(fault!.Id, FaultEnd.Deleted, out _).ShouldBeTrue();
        await Eventually.TrueAsync(() => connection.BytesSent == 1);
        (connection.LastActiveAt, connection.LastReceivedAt, connection.LastSentAt).ShouldBe((30_000, 20_000, 30_000));
    }
}
