using EchoService.Probe.Dialing;
using EchoService.Probe.Events;
using EchoService.Probe.Judging;
using EchoService.Probe.Reporting;

namespace EchoService.IntegrationTests.Probe;

/// <summary>Held and new connections are two populations, each with figures and a verdict of its own.</summary>
public sealed class NewConnectionsTests
{
    private const int Size = ProbeRuns.Size;

    [Fact]
    public async Task EachNewConnectionSendsOneMessageAndCloses()
    {
        await using var server = LoopbackServer.Start(c => c.EchoAsync());

        var target = await RunAsync(server.Port, held: 2);

        target.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, target.Verdict.Summary);
        target.Verdict.Summary.ShouldStartWith("held: No disruption");
        target.New!.Messages.Due.ShouldBe(50);
        target.New.Messages.Answered.ShouldBe(50);
        target.New.Connections.Made.ShouldBe(50);
        target.New.Bytes.Received.ShouldBe(50 * Size);
        target.Held!.Connections.Made.ShouldBe(2);
        target.Held.Messages.Answered.ShouldBe(200);
    }

    [Fact]
    public async Task ListenerThatIsGoneRefusesTheNewAndSparesTheHeld()
    {
        var answered = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(1, Size);
            answered.TrySetResult();
            await c.EchoAsync();
        });
        var running = ProbeRuns.RunWholeAsync(ProbeRuns.Watch(server.Port) with { NewRate = 100, Duration = TimeSpan.FromSeconds(2) });
        await answered.Task.WaitAsync(ProbeRuns.Unhurried, TestContext.Current.CancellationToken);
        await server.StopListeningAsync();

        var target = (await running).Targets.ShouldHaveSingleItem();

        target.Held!.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, target.Held.Verdict.Summary);
        target.New!.Connections.Refused.ShouldBeGreaterThan(10);
        // Whom the end of the listener meets in the backlog is reset, before it has sent anything or after.
        (target.New.Messages.Unsent + target.New.Messages.Lost).ShouldBe(target.New.Connections.Refused + target.New.Connections.Resets);
        target.New.Verdict.Causes.ShouldContain(ProbeEventKind.Refused);
        // Those under way when the listener goes are answered or reset between the first refusals.
        target.New.Events.Zip(target.New.Events.Skip(1)).ShouldNotContain(pair => pair.First.Kind == ProbeEventKind.Refused && pair.Second.Kind == ProbeEventKind.Refused, "a row is one event");
        target.Verdict.ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task WayThatANewConnectionEndsWithoutAnAnswerIsTold()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            var message = await c.ReceiveAsync(Size);
            switch (c.Index % 5)
            {
                case 0:
                    c.Reset();
                    return;
                case 1:
                    await c.FinishAsync();
                    return;
                case 2:
                    await c.SendAsync(message.AsMemory(0, 10));
                    await c.FinishAsync();
                    return;
                case 3:
                    await c.DiscardAsync();
                    return;
                default:
                    message[20] ^= 1;
                    await c.SendAsync(message);
                    return;
            }
        });

        var target = (await ProbeRuns.RunWholeAsync(ProbeRuns.Watch(server.Port) with { Connections = 0, NewRate = 100, Timeout = TimeSpan.FromSeconds(2) })).Targets.ShouldHaveSingleItem();

        target.Held.ShouldBeNull();
        var fresh = target.New!;
        fresh.Verdict.Causes.ShouldBe([ProbeEventKind.Corrupted, ProbeEventKind.Reset, ProbeEventKind.FinInsideMessage, ProbeEventKind.Stalled, ProbeEventKind.LostMessages]);
        fresh.Connections.Made.ShouldBe(50);
        fresh.Connections.Resets.ShouldBe(10);
        fresh.Connections.FinAtBoundary.ShouldBe(10);
        fresh.Connections.FinInsideMessage.ShouldBe(10);
        fresh.Connections.Stalled.ShouldBe(10);
        fresh.Messages.Corrupted.ShouldBe(10);
        fresh.Messages.Lost.ShouldBe(40);
    }

    [Fact]
    public async Task SeveralTargetsHaveAVerdictEach()
    {
        await using var good = LoopbackServer.Start(c => c.EchoAsync());
        await using var bad = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(10, Size);
            c.Reset();
        });
        var options = ProbeRuns.Watch(good.Port) with { Targets = [new ProbeTarget("127.0.0.1", good.Port), new ProbeTarget("127.0.0.1", bad.Port)] };

        var report = await ProbeRuns.RunWholeAsync(options);

        report.Targets.Select(target => target.Verdict.Status).ShouldBe([VerdictStatus.NoDisruption, VerdictStatus.Disruption]);
        report.Verdict.Status.ShouldBe(VerdictStatus.Disruption);
        report.Verdict.ExitCode.ShouldBe(1);
        report.Targets[0].Held!.Events.ShouldBeEmpty();
        report.Verdict.Summary.ShouldContain($"127.0.0.1:{bad.Port}: Disruption");
    }

    [Fact]
    public async Task TargetThatCannotBeReachedBesideOneThatCanIsADisruption()
    {
        await using var good = LoopbackServer.Start(c => c.EchoAsync());
        await using var gone = LoopbackServer.Start(c => c.EchoAsync());
        await gone.StopListeningAsync();
        var options = ProbeRuns.Watch(good.Port) with
        {
            Targets = [new ProbeTarget("127.0.0.1", good.Port), new ProbeTarget("127.0.0.1", gone.Port)],
            Timeout = TimeSpan.FromSeconds(2),
        };

        var report = await ProbeRuns.RunWholeAsync(options);

        report.Targets[1].Verdict.Status.ShouldBe(VerdictStatus.NoConnection);
        report.Verdict.ExitCode.ShouldBe(1);
    }

    private static async Task<TargetReport> RunAsync(int port, int held) =>
        (await ProbeRuns.RunWholeAsync(ProbeRuns.Watch(port) with { Connections = held, NewRate = 100 })).Targets.ShouldHaveSingleItem();
}
