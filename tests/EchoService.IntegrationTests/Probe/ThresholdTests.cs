using EchoService.Probe;
using EchoService.Probe.Events;
using EchoService.Probe.Judging;

namespace EchoService.IntegrationTests.Probe;

/// <summary>How much of a cause is no disruption yet.</summary>
public sealed class ThresholdTests
{
    private const int Size = ProbeRuns.Size;

    [Theory]
    [InlineData("0", 0, 100, true)]
    [InlineData("0", 1, 100, false)]
    [InlineData("2", 2, 100, true)]
    [InlineData("1%", 1, 100, true)]
    [InlineData("1%", 2, 100, false)]
    [InlineData("0.1%", 1, 1000, true)]
    [InlineData("0%", 0, 0, true)]
    public void LimitIsANumberOrAShare(string text, long count, long of, bool holds)
    {
        Limit.TryParse(text, out var limit).ShouldBeTrue();
        limit!.Value.Holds(count, of).ShouldBe(holds);
        limit.Value.ToString().ShouldBe(text);
    }

    [Fact]
    public async Task ResetsAndLossesWithinTheLimitsAreNoDisruptionAndAreNamed()
    {
        await using var server = OneResetServer();

        var report = await ProbeRuns.RunAsync(Limited(server.Port, ("1", ProbeEventKind.Reset), ("50%", ProbeEventKind.LostMessages)));

        report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);
        report.Verdict.Summary.ShouldContain("1 connection reset (--max-resets 1)");
        report.Thresholds.Select(threshold => threshold.Holds).ShouldBe([true, true]);
        report.Connections.Resets.ShouldBe(1);
    }

    [Fact]
    public async Task WhatExceedsItsLimitIsNamedWithWhatWasMeasured()
    {
        await using var server = OneResetServer();

        var report = await ProbeRuns.RunAsync(Limited(server.Port, ("0", ProbeEventKind.Reset), ("50%", ProbeEventKind.LostMessages)));

        report.Verdict.Causes.ShouldBe([ProbeEventKind.Reset]);
        report.Verdict.Summary.ShouldContain("1 connection reset (--max-resets 0)");
        report.Thresholds.Single(threshold => threshold.Kind == ProbeEventKind.Reset).Measured.ShouldBe(1);
    }

    [Theory]
    [InlineData(60, false)]
    [InlineData(0.3, true)]
    public async Task GapThatIsTooLongIsADisruption(double mostSeconds, bool isDisruption)
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(20, Size);
            // What is tried is a server that stands still.
            await Task.Delay(600, c.Stop);
            await c.EchoAsync();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { MaxGap = TimeSpan.FromSeconds(mostSeconds) });

        report.Verdict.Causes.ShouldBe(isDisruption ? [ProbeEventKind.LongGap] : []);
        report.Thresholds.ShouldHaveSingleItem().Holds.ShouldBe(!isDisruption);
    }

    private static ProbeOptions Limited(int port, params (string Limit, ProbeEventKind Kind)[] limits) => ProbeRuns.Watch(port) with
    {
        Limits = limits.ToDictionary(limit => limit.Kind, limit => Limit.TryParse(limit.Limit, out var parsed) ? parsed.Value : default),
    };

    private static LoopbackServer OneResetServer() => LoopbackServer.Start(async c =>
    {
        if (c.Index == 0)
        {
            await c.EchoAsync(20, Size);
            c.Reset();
            return;
        }

        await c.EchoAsync();
    });
}
