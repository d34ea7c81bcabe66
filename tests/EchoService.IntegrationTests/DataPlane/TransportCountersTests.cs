using EchoService.IntegrationTests.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Connections;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>Totals never go back, and what is pending is what is still to be sent.</summary>
public sealed class TransportCountersTests
{
    private readonly TransportCounters _counters = new();

    [Fact]
    public async Task WhatAThreadHasCountedOutlivesIt()
    {
        var stripe = CountOnAThreadThatEnds();
        await Eventually.TrueAsync(() =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return !stripe.IsAlive;
        });
        _counters.ReadBytes().ShouldBe((500, 300));
    }

    [Fact]
    public void NothingIsPendingOfWhatWasAbandonedOrDropped()
    {
        _counters.Current.Received += 100;
        _counters.Current.Sent += 40;
        _counters.ReadPending().ShouldBe(60);
        _counters.CountAltered(-10);
        _counters.ReadPending().ShouldBe(50);
        _counters.CountClosed(CloseReason.ClientReset, CloseOutcome.CutByClient, abandoned: 50);
        _counters.ReadPending().ShouldBe(0);
    }

    [Fact]
    public async Task OneMessageInManyHasItsTurnaroundTaken()
    {
        const int Messages = 640;
        var taken = 0;
        await using var harness = new LifecycleHarness(observer: new Observer { OnTurnaround = () => Interlocked.Increment(ref taken) });
        var client = await harness.ConnectAsync();
        for (var i = 0; i < Messages; i++)
        {
            client.Send([1]);
            (await LifecycleHarness.ReadAsync(client, 1)).Length.ShouldBe(1);
        }

        // One in 64, and the first on each thread.
        taken.ShouldBeInRange(1, Messages / 4);
    }

    private WeakReference CountOnAThreadThatEnds()
    {
        WeakReference? stripe = null;
        var thread = new Thread(() =>
        {
            _counters.Current.Received += 500;
            _counters.Current.Sent += 300;
            stripe = new WeakReference(_counters.Current);
        });
        thread.Start();
        thread.Join();
        return stripe!;
    }
}
