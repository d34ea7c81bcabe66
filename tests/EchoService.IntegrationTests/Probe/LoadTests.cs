using EchoService.Probe.Events;
using EchoService.Probe.Judging;

namespace EchoService.IntegrationTests.Probe;

public sealed class LoadTests
{
    private const int Size = ProbeRuns.Size;

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 8)]
    [InlineData(64, 1)]
    [InlineData(64, 32)]
    [InlineData(1000, 3)]
    [InlineData(200_000, 4)]
    public async Task EveryMessageIsAnsweredWhateverItsSizeAndPipeline(int size, int pipeline)
    {
        await using var server = LoopbackServer.Start(c => c.EchoAsync());

        var report = await ProbeRuns.RunAsync(ProbeRuns.Load(server.Port) with { Size = size, Pipeline = pipeline });

        report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);
        report.Messages.Answered.ShouldBe(report.Messages.Due);
        report.Messages.Answered.ShouldBeGreaterThanOrEqualTo(4 * pipeline);
        report.Bytes.Received.ShouldBe(report.Messages.Answered * size);
        report.Throughput.MessagesPerSecond.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task TwoThousandConnectionsAreAllServed()
    {
        await using var server = LoopbackServer.Start(c => c.EchoAsync());

        var report = await ProbeRuns.RunAsync(ProbeRuns.Load(server.Port) with { Connections = 2000 });

        report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);
        report.Connections.Made.ShouldBe(2000);
        report.Messages.Answered.ShouldBeGreaterThanOrEqualTo(2000);
    }

    [Fact]
    public async Task WrongLastByteIsSeenAtOnceThoughNothingFollowsIt()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            while (true)
            {
                var message = await c.ReceiveAsync(Size);
                message[^1] ^= 1;
                await c.SendAsync(message);
            }
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Load(server.Port));

        report.Verdict.Causes.ShouldBe([ProbeEventKind.Corrupted]);
        report.Messages.Corrupted.ShouldBe(report.Messages.Due);
        report.Messages.Corrupted.ShouldBeGreaterThan(4);
        report.Connections.Made.ShouldBe(4);
    }

    [Fact]
    public async Task ResetAndFINInsideAMessageEndInTheirCauses()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(20, Size);
            var message = await c.ReceiveAsync(Size);
            if (c.Index % 2 == 0)
            {
                c.Reset();
                return;
            }

            await c.SendAsync(message.AsMemory(0, 1));
            await c.FinishAsync();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Load(server.Port));

        report.Verdict.Causes.ShouldBe([ProbeEventKind.Reset, ProbeEventKind.FinInsideMessage, ProbeEventKind.LostMessages]);
        report.Messages.Lost.ShouldBe(report.Connections.Resets + report.Connections.FinInsideMessage);
    }

    [Fact]
    public async Task ServerThatNeverAnswersIsStalled()
    {
        await using var server = LoopbackServer.Start(c => c.DiscardAsync());

        var report = await ProbeRuns.RunAsync(ProbeRuns.Load(server.Port) with { Timeout = TimeSpan.FromSeconds(1) });

        report.Verdict.Causes.ShouldBe([ProbeEventKind.Stalled, ProbeEventKind.LostMessages]);
        report.Throughput.MessagesPerSecond.ShouldBe(0);
    }
}
