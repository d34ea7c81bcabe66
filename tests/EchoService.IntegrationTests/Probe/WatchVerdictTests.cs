using System.Net;
using System.Net.Sockets;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;
using EchoService.Probe.Judging;

namespace EchoService.IntegrationTests.Probe;

/// <summary>Real servers that misbehave in one way each, and the verdict on them.</summary>
public sealed class WatchVerdictTests
{
    private const int Size = ProbeRuns.Size;

    [Fact]
    public async Task ServerThatEchoesIsNoDisruption()
    {
        await using var server = LoopbackServer.Start(c => c.EchoAsync());

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port));

        report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);
        report.Messages.Due.ShouldBe(200);
        report.Messages.Answered.ShouldBe(200);
        report.Bytes.Sent.ShouldBe(200 * Size);
        report.Bytes.Received.ShouldBe(200 * Size);
        report.Connections.Made.ShouldBe(2);
        report.Events.ShouldBeEmpty();
    }

    [Fact]
    public async Task DeadPortIsRefused()
    {
        // Bound and not listening, so that nobody else can get the port meanwhile.
        using var holder = Bind();

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(PortOf(holder)) with { Timeout = TimeSpan.FromMilliseconds(500) });

        report.Verdict.Status.ShouldBe(VerdictStatus.NoConnection);
        report.Verdict.ExitCode.ShouldBe(3);
        report.Verdict.Causes.ShouldBe([ProbeEventKind.Refused]);
        report.Connections.Refused.ShouldBeGreaterThan(0);
        report.Messages.Due.ShouldBe(0);
    }

    [Fact]
    public async Task FullBacklogIsAConnectTimeout()
    {
        using var listener = Bind();
        listener.Listen(0);
        using var filler = new BacklogFiller((IPEndPoint)listener.LocalEndPoint!);
        await filler.FillAsync(TestContext.Current.CancellationToken);

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(PortOf(listener)) with { Timeout = TimeSpan.FromMilliseconds(500) });

        report.Verdict.Status.ShouldBe(VerdictStatus.NoConnection, report.Verdict.Summary);
        report.Verdict.Causes.ShouldBe([ProbeEventKind.ConnectTimeout]);
    }

    [Fact]
    public async Task AddressWithoutARouteIsUnreachable()
    {
        // The kernel refuses to connect TCP to a multicast address: no packet leaves.
        var options = ProbeRuns.Watch(7) with { Targets = [new ProbeTarget("224.0.0.1", 7)], Timeout = TimeSpan.FromMilliseconds(500) };

        var report = await ProbeRuns.RunAsync(options);

        report.Verdict.Status.ShouldBe(VerdictStatus.NoConnection);
        report.Verdict.Causes.ShouldBe([ProbeEventKind.Unreachable]);
    }

    [Fact]
    public async Task ServerThatAcceptsAndNeverAnswersIsStalled()
    {
        await using var server = LoopbackServer.Start(c => c.DiscardAsync());

        // So long that connecting does not take it, on any machine.
        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { Timeout = TimeSpan.FromSeconds(1) });

        report.Verdict.Status.ShouldBe(VerdictStatus.Disruption);
        report.Verdict.Causes.ShouldBe([ProbeEventKind.Stalled, ProbeEventKind.LostMessages]);
        report.Messages.Answered.ShouldBe(0);
        report.LongestGap.Seconds.ShouldBeGreaterThan(0.45);
    }

    [Fact]
    public async Task ServerThatStopsInsideAMessageIsStalled()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            if (c.Index > 0)
            {
                await c.EchoAsync();
                return;
            }

            await c.EchoAsync(5, Size);
            await c.SendAsync((await c.ReceiveAsync(Size)).AsMemory(0, Size / 2));
            await c.DiscardAsync();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { Connections = 1, Timeout = TimeSpan.FromSeconds(2), Duration = TimeSpan.FromSeconds(4) });

        report.Verdict.Causes.ShouldBe([ProbeEventKind.Stalled, ProbeEventKind.LostMessages]);
        // One, unless the machine stands still for as long as the server may not.
        report.Connections.Stalled.ShouldBeGreaterThanOrEqualTo(1);
        report.Bytes.Corrupted.ShouldBe(0);
        report.Messages.Answered.ShouldBeGreaterThan(5);
        report.Events.ShouldContain(e => e.Kind == ProbeEventKind.Stalled && e.Detail!.Contains("32 of 64 bytes", StringComparison.Ordinal));
    }

    [Fact]
    public async Task ServerThatResetsIsReset()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(20, Size);
            await c.ReceiveAsync(Size);
            c.Reset();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port));

        report.Verdict.Causes.ShouldBe([ProbeEventKind.Reset, ProbeEventKind.LostMessages]);
        report.Messages.Lost.ShouldBeGreaterThanOrEqualTo(report.Connections.Resets);
        report.Connections.Reconnects.ShouldBeGreaterThan(0);
        report.Connections.FinAtBoundary.ShouldBe(0);
    }

    /// <summary>
    /// The kernel tells a RST once. Where a send is told, the receiving side reads a plain end of stream; with a send every
    /// millisecond on each of twenty connections that happens in every run.
    /// </summary>
    [Fact]
    public async Task ResetThatASendWasToldIsNotTakenForAFIN()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(50, Size);
            c.Reset();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { Connections = 20, Rate = 20_000 });

        report.Connections.Resets.ShouldBeGreaterThan(20);
        report.Connections.FinAtBoundary.ShouldBe(0);
        report.Connections.FinInsideMessage.ShouldBe(0);
    }

    [Fact]
    public async Task ResetThatMeetsABlockedSendIsNotTakenForAFIN()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            // More is on its way than the buffers hold, so that the probe waits for room.
            await c.FillAsync();
            c.Reset();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { Size = 1 << 20, Rate = 50 });

        report.Connections.Resets.ShouldBeGreaterThan(0);
        report.Connections.FinAtBoundary.ShouldBe(0);
        report.Connections.FinInsideMessage.ShouldBe(0);
    }

    [Fact]
    public async Task FINAtAMessageBoundaryIsAGracefulCloseAndCostsNoMessage()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(20, Size);
            await c.FinishAsync();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port));

        report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);
        report.Connections.FinAtBoundary.ShouldBeGreaterThan(2);
        report.Connections.Reconnects.ShouldBeGreaterThanOrEqualTo(report.Connections.FinAtBoundary - 2);
        report.Messages.Answered.ShouldBe(report.Messages.Due);
        report.Verdict.Summary.ShouldContain("closed at a message boundary");
    }

    [Fact]
    public async Task MessageThatAFINLeftUnansweredIsRepeated()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(20, Size);
            await c.ReceiveAsync(Size);
            await c.FinishAsync();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port));

        report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);
        report.Messages.Repeated.ShouldBeGreaterThanOrEqualTo(report.Connections.FinAtBoundary);
        report.Messages.Answered.ShouldBe(report.Messages.Due);
    }

    [Fact]
    public async Task FINAtAMessageBoundaryIsADisruptionWhereStrict()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(20, Size);
            await c.FinishAsync();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { Strict = true });

        report.Verdict.ExitCode.ShouldBe(1);
        report.Verdict.Causes.ShouldBe([ProbeEventKind.FinAtBoundary]);
    }

    [Fact]
    public async Task ServerThatClosesEveryConnectionAtOnceLosesMessages()
    {
        await using var server = LoopbackServer.Start(c => c.FinishAsync());

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { Timeout = TimeSpan.FromMilliseconds(500) });

        report.Verdict.Causes.ShouldBe([ProbeEventKind.LostMessages]);
        report.Connections.FinAtBoundary.ShouldBeGreaterThan(2);
    }

    [Fact]
    public async Task FINInsideAMessageIsToldFromOneAtItsBoundary()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(20, Size);
            await c.SendAsync((await c.ReceiveAsync(Size)).AsMemory(0, 10));
            await c.FinishAsync();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port));

        report.Verdict.Causes.ShouldBe([ProbeEventKind.FinInsideMessage, ProbeEventKind.LostMessages]);
        report.Connections.FinAtBoundary.ShouldBe(0);
        report.Events.ShouldContain(e => e.Detail != null && e.Detail.Contains("10 of 64 bytes", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(30)]
    [InlineData(Size - 1)]
    public async Task WrongByteIsCorruptionOfThatMessageAlone(int position)
    {
        var spoiled = 0;
        await using var server = LoopbackServer.Start(async c =>
        {
            for (var i = 1; ; i++)
            {
                var message = await c.ReceiveAsync(Size);
                if (i % 5 == 0)
                {
                    message[position] ^= 0x40;
                    Interlocked.Increment(ref spoiled);
                }

                await c.SendAsync(message);
            }
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port));

        report.Verdict.Causes.ShouldBe([ProbeEventKind.Corrupted]);
        spoiled.ShouldBe(40);
        report.Messages.Corrupted.ShouldBe(spoiled);
        report.Bytes.Corrupted.ShouldBe(spoiled);
        report.Messages.Answered.ShouldBe(200 - spoiled);
        report.Connections.Made.ShouldBe(2);
    }

    [Theory]
    [InlineData(1, 20)]
    [InlineData(10, 3)]
    [InlineData(Size, 0)]
    [InlineData(Size, 30)]
    [InlineData(150, 60)]
    public async Task MissingBytesAreLostBytesAndNotCorruption(int missing, int position)
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(20, Size);
            await c.SendAsync(await c.ReceiveAsync(position));
            await c.ReceiveAsync(missing);
            await c.EchoAsync();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port));

        report.Verdict.Causes.ShouldBe([ProbeEventKind.LostBytes, ProbeEventKind.LostMessages]);
        report.Bytes.Lost.ShouldBe(2 * missing);
        report.Bytes.Corrupted.ShouldBe(0);
        var messagesTouched = ((position + missing - 1) / Size) + 1;
        report.Messages.Lost.ShouldBe(2 * messagesTouched);
        report.Messages.Answered.ShouldBe(200 - (2 * messagesTouched));
    }

    [Fact]
    public async Task ServerThatSpeaksFirstIsCorruption()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.SendAsync("220 mail.example.org ESMTP\r\n"u8.ToArray());
            await c.EchoAsync();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { Timeout = TimeSpan.FromSeconds(1) });

        report.Verdict.Causes[0].ShouldBe(ProbeEventKind.Corrupted);
        report.Verdict.Causes.ShouldNotContain(ProbeEventKind.LostBytes);
    }

    [Fact]
    public async Task SlowAnswerIsLateAndNothingElse()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            var message = await c.ReceiveAsync(Size);
            // Many short waits: each becomes longer with what the machine takes from both sides meanwhile.
            for (var i = 0; i < 60; i++)
            {
                await Task.Delay(10, c.Stop);
            }

            await c.SendAsync(message);
            await c.EchoAsync();
        });

        // One message: of the many that a stream holds up some would be too long by less than the probe's own lag.
        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { Connections = 1, Rate = 2, LateAfter = ProbeRuns.Soon });

        report.Verdict.Causes.ShouldBe([ProbeEventKind.Late], report.Verdict.Summary);
        report.Messages.Answered.ShouldBe(1);
        report.Messages.Late.ShouldBe(1);
        report.Latency.MaxSeconds.ShouldBeGreaterThan(0.59);
    }

    /// <summary>
    /// A server that stands still for a while delays every message that was due meanwhile. A probe that waits for an answer
    /// before it sends on would see one slow message: coordinated omission.
    /// </summary>
    [Fact]
    public async Task StandstillIsSeenByEveryMessageThatWasDueInIt()
    {
        const int Standstill = 500;
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(20, Size);
            await Task.Delay(Standstill, c.Stop);
            await c.EchoAsync();
        });

        var report = await ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { Connections = 1, LateAfter = TimeSpan.FromMilliseconds(Standstill / 2) });

        // 400 a second for half of 500 ms; a machine that is slow adds to it.
        report.Messages.Late.ShouldBeGreaterThanOrEqualTo(95);
        report.Messages.Answered.ShouldBe(200);
        report.Latency.MaxSeconds.ShouldBeGreaterThan(Standstill / 1000d * 0.98);
        // The gap begins when the probe saw the last answer, which a busy machine delays.
        report.LongestGap.Seconds.ShouldBeGreaterThan(Standstill / 1000d / 2);
    }

    [Fact]
    public async Task RestartIsAGapWithRefusedConnectsAndLaterAnswers()
    {
        var outage = TimeSpan.FromMilliseconds(500);
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(20, Size);
            ready.TrySetResult();
            await closed.Task.WaitAsync(c.Stop);
            await c.FinishAsync();
        });
        var running = ProbeRuns.RunAsync(ProbeRuns.Watch(server.Port) with { Connections = 1, Rate = 200, Duration = TimeSpan.FromSeconds(2) });

        await ready.Task.WaitAsync(ProbeRuns.Unhurried, TestContext.Current.CancellationToken);
        await server.StopListeningAsync();
        closed.SetResult();
        await Task.Delay(outage, TestContext.Current.CancellationToken);
        await using var again = LoopbackServer.Start(c => c.EchoAsync(), server.Port);
        var report = await running;

        report.Verdict.Causes.ShouldBe([ProbeEventKind.Refused]);
        report.Connections.Refused.ShouldBeGreaterThan(1);
        // One event for a row of refusals, however long.
        report.Events.Count(e => e.Kind == ProbeEventKind.Refused).ShouldBe(1);
        report.Messages.Answered.ShouldBe(400);
        report.LongestGap.Seconds.ShouldBeGreaterThan(0.25);
        report.Latency.MaxSeconds.ShouldBeGreaterThan(0.4);
    }

    [Fact]
    public async Task MessagesThatFindNoConnectionInTimeAreNeverSent()
    {
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(20, Size);
            ready.TrySetResult();
            await c.EchoAsync();
        });
        var options = ProbeRuns.Watch(server.Port) with { Timeout = TimeSpan.FromMilliseconds(300), Duration = TimeSpan.FromSeconds(1) };
        var running = ProbeRuns.RunAsync(options);
        await ready.Task.WaitAsync(ProbeRuns.Unhurried, TestContext.Current.CancellationToken);
        await server.StopAsync();

        var report = await running;

        report.Messages.Unsent.ShouldBeGreaterThan(0);
        report.Verdict.Causes.ShouldContain(ProbeEventKind.LostMessages);
        report.Verdict.Causes.ShouldContain(ProbeEventKind.Refused);
    }

    private static Socket Bind()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return socket;
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;
}
