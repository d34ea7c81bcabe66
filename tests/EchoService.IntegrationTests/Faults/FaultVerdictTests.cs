using EchoService.IntegrationTests.Probe;
using EchoService.Probe.Events;
using EchoService.Probe.Judging;

namespace EchoService.IntegrationTests.Faults;

/// <summary>What <c>echo-probe watch</c> says of each kind, and that it says nothing when the fault has ended.</summary>
public sealed class FaultVerdictTests : FaultTests
{
    private static readonly TimeSpan Impatient = TimeSpan.FromSeconds(1);

    public static TheoryData<string, object, object?> Kinds => new()
    {
        { "delay", new { kind = "delay", durationSeconds = 600, milliseconds = 1000 }, ProbeEventKind.Late },
        { "throttle", new { kind = "throttle", durationSeconds = 600, bytesPerSecond = ProbeRuns.Size }, ProbeEventKind.Late },
        { "stall", new { kind = "stall", durationSeconds = 600 }, ProbeEventKind.Stalled },
        { "slice", new { kind = "slice", durationSeconds = 600, bytes = 7 }, null },
        { "reset", new { kind = "reset", durationSeconds = 600, afterBytes = 100 }, ProbeEventKind.Reset },
        { "fin", new { kind = "fin", durationSeconds = 600, afterBytes = 100 }, ProbeEventKind.FinInsideMessage },
        { "corrupt", new { kind = "corrupt", durationSeconds = 600, everyBytes = 1000 }, ProbeEventKind.Corrupted },
        { "drop", new { kind = "drop", durationSeconds = 600, everyBytes = 1000 }, ProbeEventKind.LostBytes },
        { "duplicate", new { kind = "duplicate", durationSeconds = 600, everyBytes = 1000 }, ProbeEventKind.Corrupted },
        { "refuse", new { kind = "refuse", durationSeconds = 600 }, ProbeEventKind.Refused },
        { "noAccept", new { kind = "noAccept", durationSeconds = 600 }, ProbeEventKind.Stalled },
        { "resetNew", new { kind = "resetNew", durationSeconds = 600 }, ProbeEventKind.Reset },
        { "unready", new { kind = "unready", durationSeconds = 600 }, null },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task ProbeSaysWhatTheTableSaysAndNothingAfterwards(string kind, object fault, object? expected)
    {
        BytesAreCut = true;
        await BeginAsync(fault);

        var watch = ProbeRuns.Watch(Host.EndPoint.Port);
        var during = await ProbeRuns.RunAsync(watch with
        {
            // One message: where latencies grow from one to the next, some are too long by less than the probe's own lag.
            Rate = kind == "throttle" ? 1 : watch.Rate,
            LateAfter = kind is "delay" or "throttle" ? ProbeRuns.Soon : ProbeRuns.Unhurried,
            Timeout = kind is "stall" or "noAccept" or "refuse" ? Impatient : ProbeRuns.Unhurried,
        });
        await EndAllAsync();
        var after = await ProbeRuns.RunAsync(ProbeRuns.Watch(Host.EndPoint.Port));

        if (expected is ProbeEventKind cause)
        {
            during.Verdict.Causes.ShouldContain(cause, during.Verdict.Summary);
            during.Verdict.Causes.Except([cause, ProbeEventKind.LostMessages]).ShouldBeEmpty(during.Verdict.Summary);
        }
        else
        {
            during.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, during.Verdict.Summary);
        }

        after.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, after.Verdict.Summary);
        after.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task FinBetweenMessagesIsSeenAsOne()
    {
        await BeginAsync(new { kind = "fin", durationSeconds = 600, afterBytes = 10 * ProbeRuns.Size });
        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(Host.EndPoint.Port));
        report.Events.ShouldContain(e => e.Kind == ProbeEventKind.FinAtBoundary);
        report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);
        await EndAllAsync();
        BytesAreCut = true;
    }
}
