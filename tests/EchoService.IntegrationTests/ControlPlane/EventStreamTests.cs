using System.Net.ServerSentEvents;
using EchoService.Configuration;
using EchoService.ControlPlane.Connections;
using EchoService.ControlPlane.Events;
using EchoService.ControlPlane.Stats;
using EchoService.IntegrationTests.Lifecycle;
using EchoService.Lifecycle;
using EchoService.Transport.Accepting;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>What a reader of the events is told, on a clock that the test moves.</summary>
public sealed class EventStreamTests
{
    private static readonly DrainOptions WithoutDelays = new() { ReadinessDelay = TimeSpan.Zero, Spread = TimeSpan.Zero };

    [Fact]
    public async Task TellsTheFiguresAtOnceAndThenOnceASecond()
    {
        await using var harness = new LifecycleHarness();
        using var host = new Host();
        await using var reader = Read(harness, host);
        (await NextAsync(reader)).ShouldBeOfType<StatsResponse>().Connections.Active.ShouldBe(0);
        await harness.ConnectAsync();

        for (var second = 0; second < 3; second++)
        {
            var next = NextAsync(reader);
            harness.Time.Advance(TimeSpan.FromMilliseconds(999));
            next.IsCompleted.ShouldBeFalse();
            harness.Time.Advance(TimeSpan.FromMilliseconds(1));
            (await next).ShouldBeOfType<StatsResponse>().Connections.Active.ShouldBe(1);
        }
    }

    [Fact]
    public async Task TellsEveryChangeOfPhaseInOrderAndAtOnce()
    {
        await using var harness = new LifecycleHarness(drain: WithoutDelays with { ReadinessDelay = TimeSpan.FromMilliseconds(500) });
        using var host = new Host();
        await using var reader = Read(harness, host);
        await NextAsync(reader);
        await harness.ConnectAsync();

        harness.Lifecycle.BeginDrain(new DrainRequest(Spread: TimeSpan.FromSeconds(-1)), DrainTrigger.Api);
        (await NextAsync(reader)).ShouldBe(new PhaseEvent(ServicePhase.LameDuck, ServicePhase.Serving));
        harness.Time.Advance(TimeSpan.FromMilliseconds(500));
        (await NextAsync(reader)).ShouldBe(new PhaseEvent(ServicePhase.Draining, ServicePhase.LameDuck));
        harness.Lifecycle.CancelDrain();
        (await NextAsync(reader)).ShouldBe(new PhaseEvent(ServicePhase.Serving, ServicePhase.Draining));
    }

    [Fact]
    public async Task ManySlowReadersHoldABoundedNumberOfEventsAndAreLetGo()
    {
        await using var harness = new LifecycleHarness(drain: WithoutDelays with { ReadinessDelay = TimeSpan.FromHours(1) });
        using var host = new Host();
        var readers = Enumerable.Range(0, 100).Select(_ => Read(harness, host)).ToArray();
        foreach (var reader in readers)
        {
            await NextAsync(reader);
        }

        // None of them reads on while minutes go by and the phase changes more often than a reader may lag behind.
        for (var i = 0; i < EventStream.Backlog; i++)
        {
            harness.Time.Advance(TimeSpan.FromSeconds(1));
            harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Api);
            harness.Lifecycle.CancelDrain();
        }

        foreach (var reader in readers)
        {
            var events = new List<object>();
            while (await reader.MoveNextAsync())
            {
                events.Add(reader.Current.Data);
            }

            // Nothing is missing up to where it ends, and of sixteen seconds of figures at most the newest is told.
            events.OfType<StatsResponse>().Count().ShouldBeLessThanOrEqualTo(1);
            events.OfType<PhaseEvent>().ShouldBe(Enumerable.Range(0, EventStream.Backlog).Select(i => i % 2 == 0
                ? new PhaseEvent(ServicePhase.LameDuck, ServicePhase.Serving)
                : new PhaseEvent(ServicePhase.Serving, ServicePhase.LameDuck)));
            await reader.DisposeAsync();
        }

        await using var next = Read(harness, host);
        (await NextAsync(next)).ShouldBeOfType<StatsResponse>();
    }

    [Fact]
    public async Task FiguresThatNobodyTookDoNotPileUp()
    {
        await using var harness = new LifecycleHarness();
        using var host = new Host();
        await using var reader = Read(harness, host);
        await NextAsync(reader);

        var late = NextAsync(reader);
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        await late;
        harness.Time.Advance(TimeSpan.FromMinutes(5));
        await NextAsync(reader);
        var next = NextAsync(reader);
        next.IsCompleted.ShouldBeFalse();
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        await next;
    }

    [Fact]
    public async Task GoesOnWhileASignalDrainsAndEndsWhenItHas()
    {
        await using var harness = new LifecycleHarness(drain: WithoutDelays with { Spread = TimeSpan.FromSeconds(-1) });
        using var host = new Host();
        await using var reader = Read(harness, host);
        await NextAsync(reader);
        var client = await harness.ConnectAsync();

        // A signal tells the host to stop, and the host then drains.
        host.StopApplication();
        harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Signal);
        (await NextAsync(reader)).ShouldBe(new PhaseEvent(ServicePhase.LameDuck, ServicePhase.Serving));
        (await NextAsync(reader)).ShouldBe(new PhaseEvent(ServicePhase.Draining, ServicePhase.LameDuck));
        var next = NextAsync(reader);
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        (await next).ShouldBeOfType<StatsResponse>().Phase.ShouldBe(ServicePhase.Draining);

        client.Dispose();
        (await NextAsync(reader)).ShouldBe(new PhaseEvent(ServicePhase.Drained, ServicePhase.Draining));
        (await reader.MoveNextAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task GoesOnAfterADrainByTheApiAndEndsWhenTheHostStops()
    {
        await using var harness = new LifecycleHarness(drain: WithoutDelays);
        using var host = new Host();
        await using var reader = Read(harness, host);
        await NextAsync(reader);

        harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Api);
        (await NextAsync(reader)).ShouldBeOfType<PhaseEvent>().Phase.ShouldBe(ServicePhase.LameDuck);
        (await NextAsync(reader)).ShouldBeOfType<PhaseEvent>().Phase.ShouldBe(ServicePhase.Draining);
        (await NextAsync(reader)).ShouldBeOfType<PhaseEvent>().Phase.ShouldBe(ServicePhase.Drained);
        var next = NextAsync(reader);
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        (await next).ShouldBeOfType<StatsResponse>().Phase.ShouldBe(ServicePhase.Drained);

        var end = reader.MoveNextAsync();
        host.StopApplication();
        (await end).ShouldBeFalse();
        await using var late = Read(harness, host);
        (await NextAsync(late)).ShouldBeOfType<StatsResponse>();
        (await late.MoveNextAsync()).ShouldBeFalse();
    }

    private static IAsyncEnumerator<SseItem<object>> Read(LifecycleHarness harness, Host host) =>
        new EventStream(new StatsReader(harness.Server, harness.Lifecycle, new ManagementConnections(new ManagementOptions(), new DescriptorBudget(1, 1), harness.Time, NullLogger<ManagementConnections>.Instance)), harness.Lifecycle, harness.Server, host, harness.Time)
            .ReadAsync(TestContext.Current.CancellationToken)
            .GetAsyncEnumerator(TestContext.Current.CancellationToken);

    private static async Task<object> NextAsync(IAsyncEnumerator<SseItem<object>> reader)
    {
        (await reader.MoveNextAsync()).ShouldBeTrue();
        reader.Current.EventType.ShouldBe(reader.Current.Data is PhaseEvent ? "phase" : "stats");
        return reader.Current.Data;
    }

    private sealed class Host : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;

        public CancellationToken ApplicationStopping => _stopping.Token;

        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => _stopping.Cancel();

        public void Dispose() => _stopping.Dispose();
    }
}
