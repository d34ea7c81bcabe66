using EchoService.IntegrationTests.Probe;
using EchoService.Probe;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;
using EchoService.Probe.Judging;

namespace EchoService.IntegrationTests.Faults;

/// <summary>What <c>echo-probe watch udp://</c> says of each kind, and that it says nothing when the fault has ended.</summary>
public sealed class DatagramVerdictTests : FaultTests
{
    private protected override string[] Settings => ["Echo:Udp:Enabled=true"];

    public static TheoryData<object, string> Kinds => new()
    {
        { new { kind = "udpDrop", durationSeconds = 600 }, nameof(ProbeEventKind.LostMessages) },
        { new { kind = "udpDelay", durationSeconds = 600, milliseconds = 1500 }, nameof(ProbeEventKind.Late) },
        { new { kind = "udpDuplicate", durationSeconds = 600 }, nameof(ProbeEventKind.Duplicated) },
        { new { kind = "refuse", durationSeconds = 600 }, nameof(ProbeEventKind.Refused) },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task ProbeSaysWhatTheTableSaysAndNothingAfterwards(object fault, string kind)
    {
        var expected = Enum.Parse<ProbeEventKind>(kind);
        await BeginAsync(fault);

        var during = await ProbeRuns.RunAsync(Watch() with
        {
            LateAfter = expected == ProbeEventKind.Late ? ProbeRuns.Soon : ProbeRuns.Unhurried,
            Timeout = expected is ProbeEventKind.LostMessages or ProbeEventKind.Refused ? TimeSpan.FromMilliseconds(400) : ProbeRuns.Unhurried,
        });
        await EndAllAsync();
        await Eventually.TrueAsync(() => Host.Server.IsListening);
        var after = await ProbeRuns.RunAsync(Watch());

        during.Verdict.Causes.ShouldContain(expected, during.Verdict.Summary);
        during.Verdict.Causes.Except([expected, ProbeEventKind.LostMessages]).ShouldBeEmpty(during.Verdict.Summary);
        during.Events.ShouldContain(happened => happened.Kind == expected);
        after.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, after.Verdict.Summary);
        after.Events.ShouldBeEmpty();
    }

    private ProbeOptions Watch() => ProbeRuns.Watch(Host.EndPoint.Port) with { Targets = [new ProbeTarget("127.0.0.1", Host.EndPoint.Port, Protocol.Udp)] };
}
