using EchoService.Probe;
using EchoService.Probe.Clients;
using EchoService.Probe.Events;
using EchoService.Probe.Judging;

namespace EchoService.IntegrationTests.Probe;

/// <summary>What was to be proved: when it became true, whether it stayed so, and whom it spared.</summary>
public sealed class ExpectationTests
{
    private const int Size = ProbeRuns.Size;

    [Fact]
    public async Task HeldThatLiveAndNewThatAreRefusedAreAsExpected()
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(20, Size);
            answered.TrySetResult();
            await c.EchoAsync();
        });
        var running = ProbeRuns.RunWholeAsync(ProbeRuns.Watch(server.Port) with
        {
            // Far enough apart that they come in the order in which they began.
            NewRate = 10,
            Duration = TimeSpan.FromSeconds(2),
            ExpectHeld = HeldExpectation.Alive,
            ExpectNew = NewExpectation.Refused,
        });
        await answered.Task.WaitAsync(ProbeRuns.Unhurried, TestContext.Current.CancellationToken);
        await server.StopListeningAsync();

        var report = await running;

        report.Verdict.Status.ShouldBe(VerdictStatus.AsExpected, report.Verdict.Summary);
        report.Verdict.ExitCode.ShouldBe(0);
        var target = report.Targets[0];
        target.Held!.Expectation!.Spared.ShouldBe(2);
        target.New!.Expectation!.AtSeconds!.Value.ShouldBeGreaterThan(0);
        target.New.Expectation.Stayed.ShouldBeTrue();
    }

    [Fact]
    public async Task ExpectationThatNeverCameTrueIsNotMet()
    {
        await using var server = LoopbackServer.Start(c => c.EchoAsync());

        var report = await ProbeRuns.RunWholeAsync(ProbeRuns.Watch(server.Port) with { NewRate = 50, ExpectHeld = HeldExpectation.Closed, ExpectNew = NewExpectation.Timeout });

        report.Verdict.Status.ShouldBe(VerdictStatus.NotAsExpected, report.Verdict.Summary);
        report.Verdict.ExitCode.ShouldBe(1);
        report.Targets[0].Held!.Expectation!.AtSeconds.ShouldBeNull();
        report.Targets[0].Held!.Expectation!.Spared.ShouldBe(2);
        report.Targets[0].New!.Expectation!.AtSeconds.ShouldBeNull();
    }

    [Fact]
    public async Task HeldThatAreAllClosedAndNeverAnsweredAgainAreAsExpected()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            if (c.Index < 2)
            {
                await c.EchoAsync(20, Size);
            }

            c.Reset();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { ExpectHeld = HeldExpectation.Closed });

        report.Verdict.Status.ShouldBe(VerdictStatus.AsExpected, report.Verdict.Summary);
        report.Expectation!.Spared.ShouldBe(0);
        report.Expectation.Stayed.ShouldBeTrue();
    }

    [Fact]
    public async Task HeldThatAreAnsweredAgainDidNotStayClosed()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(20, Size);
            c.Reset();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { ExpectHeld = HeldExpectation.Closed });

        report.Verdict.Status.ShouldBe(VerdictStatus.NotAsExpected, report.Verdict.Summary);
        report.Expectation!.AtSeconds.ShouldNotBeNull();
        report.Expectation.Stayed.ShouldBeFalse();
    }

    [Fact]
    public async Task OneHeldConnectionThatWasCutIsNotAlive()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            if (c.Index > 0)
            {
                await c.EchoAsync();
            }

            await c.EchoAsync(20, Size);
            await c.FinishAsync();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { ExpectHeld = HeldExpectation.Alive });

        report.Verdict.Status.ShouldBe(VerdictStatus.NotAsExpected, report.Verdict.Summary);
        report.Expectation!.Spared.ShouldBe(1);
    }

    [Fact]
    public void OutcomeOfAConnectionThatBeganBeforeDoesNotCountAgainstIt()
    {
        var track = new OutcomeTrack(Expectations.OutcomeOf(NewExpectation.Timeout));

        track.Saw(beganAt: 10, outcome: null);
        // Known only after the timeout, when others that began before have been answered.
        track.Saw(beganAt: 12, outcome: null);
        track.Saw(beganAt: 20, ProbeEventKind.ConnectTimeout);
        track.Saw(beganAt: 15, outcome: null);

        track.FirstAt.ShouldBe(20);
        track.LastContraryAt.ShouldBe(15);
    }
}
