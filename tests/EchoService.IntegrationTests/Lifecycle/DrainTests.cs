using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Accepting;
using EchoService.Transport.Addressing;
using EchoService.Transport.Connections;
using EchoService.Transport.ProxyProtocol;

namespace EchoService.IntegrationTests.Lifecycle;

/// <summary>The drain's state machine on a clock of the test's, with real clients.</summary>
public sealed class DrainTests
{
    private static readonly DrainOptions Options = new()
    {
        ReadinessDelay = TimeSpan.FromSeconds(5),
        Timeout = TimeSpan.FromSeconds(30),
        Spread = TimeSpan.FromSeconds(15),
    };

    [Fact]
    public async Task PassesThroughEveryPhaseOnTime()
    {
        await using var harness = new LifecycleHarness(drain: Options);
        var stubborn = await harness.ConnectAsync();

        var started = harness.Time.GetUtcNow();
        var status = harness.Lifecycle.BeginDrain(new DrainRequest(Spread: TimeSpan.FromSeconds(-1)), DrainTrigger.Api);
        status.Phase.ShouldBe(ServicePhase.LameDuck);
        status.Trigger.ShouldBe(DrainTrigger.Api);
        status.StartedAt.ShouldBe(started);
        status.Deadline.ShouldBe(started.AddSeconds(35));

        harness.Time.Advance(TimeSpan.FromSeconds(4.9));
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.LameDuck);
        harness.Server.IsListening.ShouldBeTrue();

        harness.Time.Advance(TimeSpan.FromSeconds(0.1));
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.Draining);
        harness.Server.IsListening.ShouldBeFalse();
        await harness.EchoAsync(stubborn);

        harness.Time.Advance(TimeSpan.FromSeconds(29.9));
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.Draining);
        await harness.EchoAsync(stubborn);

        harness.Time.Advance(TimeSpan.FromSeconds(0.1));
        await LifecycleHarness.ShouldSeeResetAsync(stubborn);
        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Drained);
        harness.Lifecycle.Status.Closed.ShouldBe(new DrainCloses(0, 0, 1));
        harness.Phases.ShouldBe([ServicePhase.LameDuck, ServicePhase.Draining, ServicePhase.Forcing, ServicePhase.Drained]);
    }

    [Fact]
    public async Task AcceptsWhileLameDuckAndRefusesAfterwards()
    {
        await using var harness = new LifecycleHarness(drain: Options);
        var before = await harness.ConnectAsync(2);
        harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Api);

        var during = await harness.ConnectAsync();
        await harness.EchoAsync(during);
        var status = harness.Lifecycle.Status;
        (status.Initial, status.Remaining).ShouldBe((3, 3));

        harness.Time.Advance(Options.ReadinessDelay);
        using var late = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        var refused = await Should.ThrowAsync<SocketException>(async () =>
            await late.ConnectAsync(harness.Server.EndPoint!, TestContext.Current.CancellationToken));
        refused.SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
        await harness.EchoAsync(before[1]);
    }

    [Fact]
    public async Task SpreadsClosesEvenlyLongestIdleFirst()
    {
        await using var harness = new LifecycleHarness(drain: Options with { ReadinessDelay = TimeSpan.Zero });
        var clients = await harness.ConnectAsync(10);
        // The clients become active in reverse, so the last one that came is the longest idle.
        foreach (var client in clients.Reverse())
        {
            harness.Time.Advance(TimeSpan.FromSeconds(1));
            await harness.EchoAsync(client);
        }

        harness.Lifecycle.BeginDrain(new DrainRequest(Spread: TimeSpan.FromSeconds(10)), DrainTrigger.Api);
        for (var gone = 1; gone <= clients.Length; gone++)
        {
            await LifecycleHarness.ShouldSeeFinAsync(clients[^gone]);
            harness.Server.Connections.Live.Count(connection => connection.State == ConnectionState.Open).ShouldBe(clients.Length - gone);
            harness.Time.Advance(TimeSpan.FromSeconds(0.99));
            harness.Server.Connections.Live.Count(connection => connection.State == ConnectionState.Open).ShouldBe(clients.Length - gone);
            harness.Time.Advance(TimeSpan.FromSeconds(0.01));
        }
    }

    [Fact]
    public async Task WhoIsLeavingAlreadyHasNoPlaceInTheSpread()
    {
        await using var harness = new LifecycleHarness(drain: Options with { ReadinessDelay = TimeSpan.Zero });
        var leaving = await harness.ConnectAsync();
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        harness.Server.Connections.Live.Single().Close(CloseReason.Admin).ShouldBeTrue();
        await LifecycleHarness.ShouldSeeFinAsync(leaving);
        var open = await harness.ConnectAsync();
        harness.Lifecycle.BeginDrain(new DrainRequest(Spread: TimeSpan.FromSeconds(10)), DrainTrigger.Api);
        await LifecycleHarness.ShouldSeeFinAsync(open);
    }

    [Fact]
    public async Task SumsHoldAtEveryMoment()
    {
        await using var harness = new LifecycleHarness(drain: Options);
        var clients = await harness.ConnectAsync(40);
        harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Api);
        var late = await harness.ConnectAsync(10);

        void Check()
        {
            var status = harness.Lifecycle.Status;
            status.Initial.ShouldBe(50);
            (status.Remaining + status.Closed.Total).ShouldBe(50);
        }

        for (var step = 0; step < 50; step++)
        {
            Check();
            if (step % 5 == 0)
            {
                clients[step * 40 / 50].Dispose();
                if (harness.Lifecycle.Phase == ServicePhase.LameDuck)
                {
                    // Nobody but the client closes yet, so this end is its own.
                    await Eventually.TrueAsync(() => harness.Lifecycle.Status.Closed.ByClient == 1 + (step / 5));
                }
            }

            harness.Time.Advance(TimeSpan.FromSeconds(0.5));
        }

        late[0].Dispose();
        harness.Time.Advance(TimeSpan.FromSeconds(15));
        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Drained);
        Check();
        var closed = harness.Lifecycle.Status.Closed;
        closed.ByClient.ShouldBeGreaterThanOrEqualTo(2);
        (closed.Gracefully + closed.Forced).ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task EndsAsSoonAsTheLastClientHasLeft()
    {
        await using var harness = new LifecycleHarness(drain: Options with { ReadinessDelay = TimeSpan.Zero });
        var client = await harness.ConnectAsync();
        harness.Lifecycle.BeginDrain(new DrainRequest(Spread: TimeSpan.FromSeconds(-1)), DrainTrigger.Api);
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.Draining);

        client.Shutdown(SocketShutdown.Send);
        await LifecycleHarness.ShouldSeeFinAsync(client);
        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Drained);
        harness.Lifecycle.Status.Closed.ShouldBe(new DrainCloses(1, 0, 0));
        harness.Phases.ShouldNotContain(ServicePhase.Forcing);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(0)]
    public async Task DrainsAtOnceWithNobodyConnected(int timeout)
    {
        await using var harness = new LifecycleHarness(drain: Options);
        harness.Lifecycle.BeginDrain(new DrainRequest(TimeSpan.Zero, TimeSpan.FromSeconds(timeout)), DrainTrigger.Api).Phase.ShouldBe(ServicePhase.Drained);
        harness.Phases.ShouldBe([ServicePhase.LameDuck, ServicePhase.Draining, ServicePhase.Drained]);
    }

    [Fact]
    public async Task AskedAgainBringsTheDeadlineForwardButNeverBack()
    {
        await using var harness = new LifecycleHarness(drain: Options);
        await harness.ConnectAsync();
        var first = harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Api);

        harness.Lifecycle.BeginDrain(new DrainRequest(Timeout: TimeSpan.FromHours(1)), DrainTrigger.Api).ShouldBe(first);
        var shortened = harness.Lifecycle.BeginDrain(new DrainRequest(Timeout: TimeSpan.FromSeconds(10)), DrainTrigger.Api);
        shortened.Deadline.ShouldBe(first.StartedAt!.Value.AddSeconds(15));

        // Once the listener is closed, a timeout counts from when it is asked for.
        harness.Time.Advance(TimeSpan.FromSeconds(7));
        harness.Lifecycle.BeginDrain(new DrainRequest(Timeout: TimeSpan.FromSeconds(1)), DrainTrigger.Api)
            .Deadline.ShouldBe(first.StartedAt!.Value.AddSeconds(8));
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        harness.Phases.ShouldContain(ServicePhase.Forcing);
    }

    [Theory]
    [InlineData(nameof(ServicePhase.LameDuck))]
    [InlineData(nameof(ServicePhase.Draining))]
    [InlineData(nameof(ServicePhase.Drained))]
    public async Task ComesBackFromEveryPhaseOnTheSamePort(string from)
    {
        await using var harness = new LifecycleHarness(drain: Options);
        var stays = await harness.ConnectAsync();
        var endPoint = harness.Server.EndPoint;
        harness.Lifecycle.BeginDrain(new DrainRequest(Spread: TimeSpan.FromSeconds(-1)), DrainTrigger.Api);
        if (from != nameof(ServicePhase.LameDuck))
        {
            harness.Time.Advance(Options.ReadinessDelay);
        }

        if (from == nameof(ServicePhase.Drained))
        {
            harness.Time.Advance(Options.Timeout);
        }

        await Eventually.TrueAsync(() => harness.Lifecycle.Phase.ToString() == from);

        var status = harness.Lifecycle.CancelDrain();

        status.ShouldBe(new DrainStatus(ServicePhase.Serving, null, null, null, 0, 0, default, 0));
        harness.Server.EndPoint.ShouldBe(endPoint);
        var fresh = await harness.ConnectAsync();
        await harness.EchoAsync(fresh);
        if (from != nameof(ServicePhase.Drained))
        {
            await harness.EchoAsync(stays);
        }

        // The drain that was taken back must not come to its deadline after all.
        harness.Time.Advance(TimeSpan.FromMinutes(5));
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.Serving);
        await harness.EchoAsync(fresh);
    }

    [Fact]
    public async Task StopsClosingWhenTakenBackInTheMiddleOfTheSpread()
    {
        await using var harness = new LifecycleHarness(drain: Options with { ReadinessDelay = TimeSpan.Zero });
        var clients = await harness.ConnectAsync(10);
        harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Api);
        harness.Time.Advance(TimeSpan.FromSeconds(6));
        var open = harness.Server.Connections.Live.Count(connection => connection.State == ConnectionState.Open);
        open.ShouldBe(5);
        harness.Lifecycle.CancelDrain();
        harness.Time.Advance(TimeSpan.FromMinutes(1));
        harness.Server.Connections.Live.Count(connection => connection.State == ConnectionState.Open).ShouldBe(open);
        harness.Lifecycle.ClosedByDrains.Total.ShouldBeLessThanOrEqualTo(5);
        clients.Length.ShouldBe(10);
    }

    [Fact]
    public async Task CannotBeTakenBackFromASignal()
    {
        await using var harness = new LifecycleHarness(drain: Options);
        await harness.ConnectAsync();
        harness.Lifecycle.BeginDrain(new DrainRequest(Timeout: TimeSpan.FromHours(1)), DrainTrigger.Api);
        var taken = harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Signal);
        taken.Trigger.ShouldBe(DrainTrigger.Signal);
        taken.Deadline.ShouldBe(taken.StartedAt!.Value + Options.ReadinessDelay + Options.Timeout);
        Should.Throw<InvalidOperationException>(() => harness.Lifecycle.CancelDrain());
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.LameDuck);
    }

    [Fact]
    public async Task ASignalEndsTheLameDuckOfTheApiWhenItsOwnWouldEnd()
    {
        await using var harness = new LifecycleHarness(drain: Options);
        var client = await harness.ConnectAsync();
        harness.Lifecycle.BeginDrain(
            new DrainRequest(ReadinessDelay: TimeSpan.FromSeconds(600), Timeout: TimeSpan.FromHours(1), Spread: TimeSpan.FromHours(1)), DrainTrigger.Api);
        harness.Time.Advance(TimeSpan.FromSeconds(60));

        var taken = harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Signal);

        taken.Deadline.ShouldBe(harness.Time.GetUtcNow() + Options.ReadinessDelay + Options.Timeout);
        await harness.EchoAsync(client);
        harness.Time.Advance(Options.ReadinessDelay);
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.Draining);
        await LifecycleHarness.ShouldSeeFinAsync(client);
    }

    [Theory]
    [InlineData(3600, 7200)]
    [InlineData(-1, 7200)]
    [InlineData(-1, 110)]
    public async Task ASignalSpreadsAnewThoseWhomTheApiHasNotClosedYet(int spread, int timeout)
    {
        await using var harness = new LifecycleHarness(drain: Options);
        // Ten for the signal, beside the one that goes as soon as there is a spread.
        var clients = await harness.ConnectAsync(spread < 0 ? 10 : 11);
        harness.Lifecycle.BeginDrain(
            new DrainRequest(TimeSpan.Zero, TimeSpan.FromSeconds(timeout), TimeSpan.FromSeconds(spread)), DrainTrigger.Api);
        // Who goes at once has gone before time does: the kernel's acknowledgement comes in a time of its own.
        var leaving = clients.Select(LeaveAsync).ToArray();
        await Eventually.TrueAsync(() => harness.Server.Connections.Live.Count() == 10);
        harness.Time.Advance(TimeSpan.FromSeconds(100));
        Open().ShouldBe(10);

        harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Signal);

        // One at once, and so on over the spread, or over what is left until the deadline.
        Open().ShouldBe(9);
        var left = Math.Min(Options.Spread.TotalSeconds, timeout - 100);
        harness.Time.Advance(TimeSpan.FromSeconds(left / 2));
        Open().ShouldBeInRange(3, 5);
        harness.Time.Advance(TimeSpan.FromSeconds((left / 2) - 0.5));
        Open().ShouldBe(0);
        await Task.WhenAll(leaving);
        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Drained);
        harness.Lifecycle.Status.Closed.Gracefully.ShouldBe(clients.Length);

        static async Task LeaveAsync(Socket client)
        {
            await LifecycleHarness.ShouldSeeFinAsync(client);
            client.Dispose();
        }

        int Open() => harness.Server.Connections.Live.Count(connection => connection.State == ConnectionState.Open);
    }

    [Fact]
    public async Task ASignalLeavesADrainOfTheApiThatIsSoonerAsItIs()
    {
        await using var harness = new LifecycleHarness(drain: Options);
        var clients = await harness.ConnectAsync(10);
        var asked = harness.Lifecycle.BeginDrain(
            new DrainRequest(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(5)), DrainTrigger.Api);
        harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Signal).ShouldBe(asked with { Trigger = DrainTrigger.Signal });
        harness.Time.Advance(TimeSpan.FromSeconds(2));
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.Draining);
        for (var gone = 1; gone <= clients.Length; gone++)
        {
            harness.Server.Connections.Live.Count(connection => connection.State == ConnectionState.Open).ShouldBe(clients.Length - gone);
            harness.Time.Advance(TimeSpan.FromSeconds(0.5));
        }
    }

    [Theory]
    [InlineData(10, -1, 1)]
    [InlineData(-1, 10, 1)]
    [InlineData(10, -1, 7)]
    [InlineData(10, 15, 7)]
    public async Task OfTwoSpreadsTheSoonerCountsWhereverTheSignalFindsTheDrain(int asked, int configured, int signalAt)
    {
        const int Count = 10;
        await using var harness = new LifecycleHarness(drain: Options with { Spread = TimeSpan.FromSeconds(configured) });
        await harness.ConnectAsync(Count);
        var lameDuck = TimeSpan.FromSeconds(2);
        harness.Lifecycle.BeginDrain(new DrainRequest(lameDuck, TimeSpan.FromSeconds(20), TimeSpan.FromSeconds(asked)), DrainTrigger.Api);
        for (var second = 0; second < lameDuck.TotalSeconds + Count; second++)
        {
            if (second == signalAt)
            {
                harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Signal);
            }

            // One a second, the first when the lame duck ends.
            harness.Server.Connections.Live.Count(connection => connection.State == ConnectionState.Open)
                .ShouldBe(Math.Min(Count, Count - 1 - second + (int)lameDuck.TotalSeconds));
            harness.Time.Advance(TimeSpan.FromSeconds(1));
        }
    }

    [Fact]
    public async Task NoFigureIsEverNegativeAndTheSumHoldsWhileConnectionsComeAndGo()
    {
        await using var harness = new LifecycleHarness(drain: Options);
        var counters = harness.Server.Counters;
        await using var churn = new BackgroundWork(4, Churn);
        for (var round = 0; round < 5_000; round++)
        {
            Check(harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Api));
            Check(harness.Lifecycle.Status);
            harness.Lifecycle.CancelDrain();
        }

        await churn.EndAsync();

        // Faster than any socket, so that every order of the two is met.
        void Churn(CancellationToken stop)
        {
            while (!stop.IsCancellationRequested)
            {
                counters.CountAccepted();
                counters.CountClosed(CloseReason.ClientFin, CloseOutcome.InOrder, 0);
            }
        }

        static void Check(DrainStatus status)
        {
            status.Initial.ShouldBeGreaterThanOrEqualTo(0);
            status.Remaining.ShouldBeGreaterThanOrEqualTo(0);
            status.Closed.ByClient.ShouldBeGreaterThanOrEqualTo(0);
            status.Initial.ShouldBe(status.Remaining + status.Closed.Total);
        }
    }

    [Fact]
    public async Task TheThreadThatServedTheLastClientDoesNotWaitForTheLifecycle()
    {
        await using var harness = new LifecycleHarness(drain: Options);
        var client = await harness.ConnectAsync();
        using var goOn = new ManualResetEventSlim();
        harness.Lifecycle.PhaseChanged += (_, phase) =>
        {
            if (phase == ServicePhase.Draining)
            {
                goOn.Wait(Eventually.Deadline);
            }
        };
        var emptied = new TaskCompletionSource();
        harness.Server.Emptied += () => emptied.TrySetResult();
        // Stays inside of the lifecycle until told to go on.
        var draining = Task.Factory.StartNew(
            () => harness.Lifecycle.BeginDrain(new DrainRequest(ReadinessDelay: TimeSpan.Zero, Spread: TimeSpan.FromSeconds(-1)), DrainTrigger.Api),
            TaskCreationOptions.LongRunning);
        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Draining);

        client.Dispose();
        await emptied.Task.WaitAsync(Eventually.Deadline / 2, TestContext.Current.CancellationToken);
        goOn.Set();

        await draining;
        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Drained);
    }

    [Fact]
    public async Task StaysDrainedWhenThePortIsGone()
    {
        await using var harness = new LifecycleHarness(drain: Options);
        harness.Lifecycle.BeginDrain(new DrainRequest(ReadinessDelay: TimeSpan.Zero), DrainTrigger.Api);
        using var thief = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        thief.Bind(harness.Server.EndPoint!);
        thief.Listen();

        Should.Throw<SocketException>(() => harness.Lifecycle.CancelDrain()).SocketErrorCode.ShouldBe(SocketError.AddressAlreadyInUse);
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.Drained);

        ListeningSocket.Close(thief);
        harness.Lifecycle.CancelDrain().Phase.ShouldBe(ServicePhase.Serving);
        await harness.EchoAsync(await harness.ConnectAsync());
    }

    [Fact]
    public async Task ForceSkipsWhatIsLeftOfEveryWait()
    {
        await using var harness = new LifecycleHarness(drain: Options);
        var client = await harness.ConnectAsync();
        harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Signal);
        harness.Lifecycle.Force();
        await LifecycleHarness.ShouldSeeResetAsync(client);
        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Drained);
        harness.Phases.ShouldBe([ServicePhase.LameDuck, ServicePhase.Draining, ServicePhase.Forcing, ServicePhase.Drained]);
    }

    [Fact]
    public async Task AtTheDeadlineByFinTheClientSeesFinAndIsCountedByHowItWent()
    {
        await using var harness = new LifecycleHarness(drain: Options with { ReadinessDelay = TimeSpan.Zero, OnDeadline = DeadlineAction.Fin });
        var client = await harness.ConnectAsync();
        harness.Lifecycle.BeginDrain(new DrainRequest(Spread: TimeSpan.FromSeconds(-1)), DrainTrigger.Api);
        harness.Time.Advance(Options.Timeout);
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.Forcing);
        await LifecycleHarness.ShouldSeeFinAsync(client);
        client.Dispose();
        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Drained);
        harness.Lifecycle.Status.Closed.ShouldBe(new DrainCloses(0, 1, 0));
    }

    [Fact]
    public async Task ByFinIsBoundedByTheCloseTimeout()
    {
        var echo = new EchoOptions { CloseTimeout = TimeSpan.FromSeconds(5), SendTimeout = TimeSpan.Zero };
        await using var harness = new LifecycleHarness(echo, Options with { ReadinessDelay = TimeSpan.Zero, OnDeadline = DeadlineAction.Fin });
        var reader = await harness.ConnectAsync();
        await harness.FillAsync(reader);
        var silent = await harness.ConnectAsync();
        harness.Lifecycle.BeginDrain(new DrainRequest(Spread: TimeSpan.FromSeconds(-1)), DrainTrigger.Api);
        harness.Time.Advance(Options.Timeout);
        await LifecycleHarness.ShouldSeeFinAsync(silent);
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.Forcing);

        harness.Time.Advance(echo.CloseTimeout);

        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Drained);
        harness.Lifecycle.Status.Closed.Forced.ShouldBe(2);
    }

    [Fact]
    public async Task ForcedOnceMoreItEndsNoLater()
    {
        var echo = new EchoOptions { CloseTimeout = TimeSpan.FromSeconds(5), SendTimeout = TimeSpan.Zero };
        await using var harness = new LifecycleHarness(echo, Options with { ReadinessDelay = TimeSpan.Zero, OnDeadline = DeadlineAction.Fin });
        var reader = await harness.ConnectAsync();
        await harness.FillAsync(reader);
        harness.Lifecycle.BeginDrain(new DrainRequest(Spread: TimeSpan.FromSeconds(-1)), DrainTrigger.Signal);
        harness.Lifecycle.Force();
        var deadline = harness.Lifecycle.Status.Deadline;
        harness.Time.Advance(echo.CloseTimeout - TimeSpan.FromSeconds(1));
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.Forcing);

        harness.Lifecycle.Force();

        harness.Lifecycle.Status.Deadline.ShouldBe(deadline);
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Drained);
    }

    [Fact]
    public async Task ForcedClosesReportWhatTheyLeftUnsent()
    {
        await using var harness = new LifecycleHarness(drain: Options with { ReadinessDelay = TimeSpan.Zero });
        var reader = await harness.ConnectAsync();
        await harness.FillAsync(reader);
        harness.Lifecycle.BeginDrain(new DrainRequest(Timeout: TimeSpan.Zero), DrainTrigger.Api);
        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Drained);

        var (received, sent) = harness.Server.Counters.ReadBytes();
        var status = harness.Lifecycle.Status;
        status.Closed.Forced.ShouldBe(1);
        status.BytesUnsent.ShouldBeGreaterThan(0);
        status.BytesUnsent.ShouldBe(received - sent);
    }

    [Fact]
    public async Task ASlowReaderCutByTheSendTimeoutIsNoGracefulClose()
    {
        var echo = new EchoOptions { SendTimeout = TimeSpan.FromSeconds(5) };
        await using var harness = new LifecycleHarness(echo, Options with { ReadinessDelay = TimeSpan.Zero });
        var reader = await harness.ConnectAsync();
        await harness.FillAsync(reader);
        harness.Lifecycle.BeginDrain(new DrainRequest(Timeout: TimeSpan.FromHours(1), Spread: TimeSpan.Zero), DrainTrigger.Api);
        harness.Time.Advance(TimeSpan.FromSeconds(20));
        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Drained);

        var (received, sent) = harness.Server.Counters.ReadBytes();
        var status = harness.Lifecycle.Status;
        status.Closed.ShouldBe(new DrainCloses(0, 0, 1));
        status.BytesUnsent.ShouldBe(received - sent);
        status.BytesUnsent.ShouldBeGreaterThan(0);
        // Who asked is still the drain.
        harness.Server.Connections.Ended.Single().CloseReason.ShouldBe(CloseReason.Drain);
    }

    [Fact]
    public async Task AClientThatAnswersTheFinByAResetIsItsOwnDoing()
    {
        await using var harness = new LifecycleHarness(drain: Options with { ReadinessDelay = TimeSpan.Zero });
        var client = await harness.ConnectAsync();
        harness.Lifecycle.BeginDrain(new DrainRequest(Spread: TimeSpan.Zero), DrainTrigger.Api);
        await LifecycleHarness.ShouldSeeFinAsync(client);
        client.LingerState = new LingerOption(enable: true, seconds: 0);
        client.Dispose();
        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Drained);
        harness.Lifecycle.Status.Closed.ShouldBe(new DrainCloses(1, 0, 0));
        harness.Server.Connections.Ended.Single().CloseOutcome.ShouldBe(CloseOutcome.CutByClient);
    }

    [Fact]
    public async Task TheDeadlineIsToldByTheWallClockAndKeptByASteadyOne()
    {
        await using var harness = new LifecycleHarness(drain: Options with { ReadinessDelay = TimeSpan.Zero });
        await harness.ConnectAsync();
        harness.Lifecycle.BeginDrain(new DrainRequest(Spread: TimeSpan.FromSeconds(-1)), DrainTrigger.Api);
        harness.Time.WallClockIsOffBy = TimeSpan.FromHours(1);
        harness.Time.Advance(TimeSpan.FromSeconds(10));
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.Draining);
        harness.Lifecycle.Status.Deadline.ShouldBe(harness.Time.GetUtcNow().AddSeconds(20));
        harness.Lifecycle.Status.StartedAt.ShouldBe(harness.Time.GetUtcNow().AddSeconds(-10));
    }

    [Fact]
    public async Task AClientThatLeavesInTheMiddleOfItsHeaderIsItsOwnDoing()
    {
        var echo = new EchoOptions { ProxyProtocol = ProxyProtocolMode.Required, TrustedProxies = [AddressRange.TryParse("127.0.0.0/8", out var range) ? range : null!] };
        await using var harness = new LifecycleHarness(echo, Options);
        var client = await harness.ConnectAsync();
        client.Send("PROXY "u8);
        harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Api);
        client.Shutdown(SocketShutdown.Send);
        await LifecycleHarness.ShouldSeeFinAsync(client);
        await Eventually.TrueAsync(() => harness.Lifecycle.Status.Remaining == 0);
        harness.Lifecycle.Status.Closed.ShouldBe(new DrainCloses(1, 0, 0));
    }

    [Fact]
    public async Task ADrainCountsWhatHappensWhileItIsOnAndAllOfThemTogetherForgetNothing()
    {
        await using var harness = new LifecycleHarness(drain: Options);
        var reader = await harness.ConnectAsync();
        await harness.FillAsync(reader);
        harness.Server.Connections.Live.Single().Abort(CloseReason.Admin).ShouldBeTrue();
        await Eventually.TrueAsync(() => harness.Server.Limit.Active == 0);
        harness.Server.Counters.Abandoned.ShouldBePositive();

        for (var drains = 1; drains <= 2; drains++)
        {
            var client = await harness.ConnectAsync();
            harness.Lifecycle.BeginDrain(new DrainRequest(), DrainTrigger.Api);
            client.Dispose();
            await Eventually.TrueAsync(() => harness.Lifecycle.Status.Closed == new DrainCloses(1, 0, 0));
            harness.Lifecycle.Status.BytesUnsent.ShouldBe(0);
            harness.Lifecycle.CancelDrain();
            harness.Lifecycle.ClosedByDrains.ShouldBe(new DrainCloses(drains, 0, 0));
        }
    }
}
