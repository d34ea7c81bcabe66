using EchoService.Lifecycle;
using EchoService.Transport.Connections;

namespace EchoService.IntegrationTests.Lifecycle;

public sealed class SpreadCloseTests
{
    [Fact]
    public async Task ClosesOneAfterTheOtherEvenlyInTheGivenOrder()
    {
        await using var harness = new LifecycleHarness();
        await harness.ConnectAsync(20);
        var order = harness.Server.Connections.Live.ToArray();
        Random.Shared.Shuffle(order);
        var closed = new List<(EchoConnection Connection, TimeSpan At)>();
        var start = harness.Time.GetUtcNow();

        using var spread = new SpreadClose(order, TimeSpan.FromSeconds(10), connection => closed.Add((connection, harness.Time.GetUtcNow() - start)), harness.Time);
        harness.Time.Advance(TimeSpan.FromSeconds(20));

        closed.Select(close => close.Connection).ShouldBe(order);
        closed.Select(close => close.At).ShouldBe(Enumerable.Range(0, 20).Select(place => TimeSpan.FromSeconds(place * 0.5)));
    }

    [Fact]
    public async Task ClosesAllAtOnceWithoutASpread()
    {
        await using var harness = new LifecycleHarness();
        await harness.ConnectAsync(5);
        var closed = new List<EchoConnection>();
        using var spread = new SpreadClose([.. harness.Server.Connections.Live], TimeSpan.Zero, closed.Add, harness.Time);
        closed.Count.ShouldBe(5);
    }

    [Fact]
    public async Task ClosesNoMoreOnceDisposed()
    {
        await using var harness = new LifecycleHarness();
        await harness.ConnectAsync(10);
        var closed = new List<EchoConnection>();
        using (new SpreadClose([.. harness.Server.Connections.Live], TimeSpan.FromSeconds(10), closed.Add, harness.Time))
        {
            harness.Time.Advance(TimeSpan.FromSeconds(2.5));
        }

        harness.Time.Advance(TimeSpan.FromMinutes(1));
        closed.Count.ShouldBe(3);
    }

    [Fact]
    public async Task ClosesNoMoreOnceDisposedInTheMiddleOfWhatIsDue()
    {
        await using var harness = new LifecycleHarness();
        await harness.ConnectAsync(10);
        var closed = new List<EchoConnection>();
        SpreadClose? spread = null;
        using (spread = new SpreadClose([.. harness.Server.Connections.Live], TimeSpan.FromSeconds(10), Close, harness.Time))
        {
            // Several are due at once when the process has been away.
            harness.Time.Suspend(TimeSpan.FromSeconds(5));
            harness.Time.Advance(TimeSpan.FromSeconds(10));
        }

        closed.Count.ShouldBe(2);

        void Close(EchoConnection connection)
        {
            closed.Add(connection);
            if (closed.Count == 2)
            {
                spread!.Dispose();
            }
        }
    }
}
