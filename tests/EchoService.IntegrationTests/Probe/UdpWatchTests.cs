using System.Collections.Concurrent;
using System.Net;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Probe;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;
using EchoService.Probe.Judging;

namespace EchoService.IntegrationTests.Probe;

/// <summary>What <c>watch udp://</c> says of servers that treat datagrams in all the ways that there are.</summary>
public sealed class UdpWatchTests
{
    private const int Size = ProbeRuns.Size;

    private static readonly TimeSpan Impatient = TimeSpan.FromMilliseconds(500);

    [Fact]
    public async Task ServerThatEchoesIsNoDisruption()
    {
        await using var server = DatagramServer.StartEcho();

        var report = await ProbeRuns.RunWholeAsync(Watch(server.Port) with { NewRate = 40 });

        report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);
        var target = report.Targets.ShouldHaveSingleItem();
        target.Protocol.ShouldBe(Protocol.Udp);
        target.Target.ShouldBe($"udp://127.0.0.1:{server.Port}");
        target.Held!.Messages.Answered.ShouldBe(200);
        target.Held.Connections.Made.ShouldBe(2);
        target.Held.Events.ShouldBeEmpty();
        target.New!.Messages.Answered.ShouldBe(20);
        // Each new one from a source port of its own. The kernel draws them, in one run of 150 one that it has drawn before.
        server.Sources.Count.ShouldBeInRange(21, 22);
    }

    [Fact]
    public async Task LostDatagramsAreCountedAndAreNoStuckFlow()
    {
        var count = 0;
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            if (++count % 10 != 5)
            {
                server.Answer(from, datagram);
            }
        });

        // So long that no answer takes it, on any machine.
        var report = await ProbeRuns.RunAsync(Watch(server.Port) with { Timeout = TimeSpan.FromSeconds(3) });

        report.Verdict.Status.ShouldBe(VerdictStatus.Disruption, report.Verdict.Summary);
        report.Verdict.Causes.ShouldBe([ProbeEventKind.LostMessages], report.Verdict.Summary);
        report.Verdict.Summary.ShouldContain("20 messages lost");
        report.Messages.Lost.ShouldBe(20);
        report.Connections.Stuck.ShouldBe(0);
        report.Events.ShouldContain(e => e.Kind == ProbeEventKind.LostMessages);
    }

    [Fact]
    public async Task DatagramsInAnotherOrderAreCountedAsSuchAndAllAreAnswered()
    {
        // By flow, for each has an order of its own.
        var heldBack = new Dictionary<IPEndPoint, byte[]>();
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            if (!heldBack.Remove(from, out var before))
            {
                heldBack.Add(from, datagram);
                return;
            }

            server.Answer(from, datagram);
            server.Answer(from, before);
        });

        var report = await ProbeRuns.RunAsync(Watch(server.Port));

        report.Verdict.Causes.ShouldBe([ProbeEventKind.Reordered], report.Verdict.Summary);
        report.Messages.Answered.ShouldBe(200);
        report.Messages.Reordered.ShouldBe(100);
        report.Timeline.Sum(interval => interval.Disordered).ShouldBe(100);
        report.Events.ShouldContain(e => e.Kind == ProbeEventKind.Reordered);
    }

    [Fact]
    public async Task DatagramsThatComeTwiceAreDuplicates()
    {
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            server.Answer(from, datagram);
            server.Answer(from, datagram);
        });

        var report = await ProbeRuns.RunAsync(Watch(server.Port));

        report.Verdict.Causes.ShouldBe([ProbeEventKind.Duplicated], report.Verdict.Summary);
        report.Messages.Answered.ShouldBe(200);
        // The last of each flow may come when the run is over.
        report.Messages.Duplicated.ShouldBeInRange(198, 200);
    }

    [Theory]
    [InlineData("body")]
    [InlineData("number")]
    [InlineData("length")]
    public async Task DatagramWithWrongBytesIsCorruptedAndNotLost(string where)
    {
        var count = 0;
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            if (++count % 10 == 5)
            {
                datagram[where == "number" ? 0 : Size / 2] ^= 0x10;
                datagram = where == "length" ? datagram[..^1] : datagram;
            }

            server.Answer(from, datagram);
        });

        var report = await ProbeRuns.RunAsync(Watch(server.Port));

        report.Verdict.Causes.ShouldBe([ProbeEventKind.Corrupted], report.Verdict.Summary);
        report.Messages.Corrupted.ShouldBe(20);
        report.Messages.Answered.ShouldBe(180);
        report.Bytes.Corrupted.ShouldBe(where == "length" ? 40 : 20);
    }

    [Fact]
    public async Task DatagramThatNobodySentIsCorruptionToo()
    {
        var count = 0;
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            server.Answer(from, datagram);
            if (++count == 20)
            {
                server.Answer(from, "hello"u8);
            }
        });

        var report = await ProbeRuns.RunAsync(Watch(server.Port));

        report.Verdict.Causes.ShouldBe([ProbeEventKind.Corrupted], report.Verdict.Summary);
        report.Messages.Answered.ShouldBe(200);
        report.Bytes.Corrupted.ShouldBe(5);
    }

    [Fact]
    public async Task AnswerAfterTheTimeoutComesToALostMessageAndTheSumsHold()
    {
        // Held back until the probe has sent for longer than it waits.
        var heldBack = new Queue<(IPEndPoint From, byte[] Datagram)>();
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            heldBack.Enqueue((from, datagram));
            if (heldBack.Count > 300)
            {
                var (to, old) = heldBack.Dequeue();
                server.Answer(to, old);
            }
        });

        var report = await ProbeRuns.RunAsync(Watch(server.Port) with { Duration = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromMilliseconds(200) });

        report.Messages.Due.ShouldBe(400);
        (report.Messages.Lost + report.Messages.Answered).ShouldBe(400);
        report.Messages.AfterTimeout.ShouldBeGreaterThan(0);
        report.Messages.Duplicated.ShouldBe(0);
        report.Events.ShouldContain(e => e.Kind == ProbeEventKind.Late && e.Detail!.Contains("after the timeout", StringComparison.Ordinal));
    }

    [Fact]
    public async Task FlowThatIsLostWhileFreshOnesAreAnsweredIsStuck()
    {
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            if (!from.Equals(server.Sources[0]))
            {
                server.Answer(from, datagram);
            }
        });
        await using var probe = new RunningProbe(Watch(server.Port) with { Connections = 3, Rate = 100, Timeout = TimeSpan.FromSeconds(1) });

        var stuck = await probe.WaitForAsync(happened => happened.Kind == ProbeEventKind.StuckFlow);
        var report = (await probe.StopAsync()).Targets[0].Held!;

        stuck.Detail.ShouldStartWith($"source port {server.Sources[0].Port}: ");
        report.Verdict.Status.ShouldBe(VerdictStatus.Disruption, report.Verdict.Summary);
        report.Verdict.Causes[0].ShouldBe(ProbeEventKind.StuckFlow);
        report.Verdict.Summary.ShouldContain("1 stuck flow");
        report.Connections.Stuck.ShouldBe(1);
    }

    [Fact]
    public async Task StuckFlowThatIsAnsweredAgainIsToldAndStaysCounted()
    {
        var isFree = false;
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            if (Volatile.Read(ref isFree) || !from.Equals(server.Sources[0]))
            {
                server.Answer(from, datagram);
            }
        });
        await using var probe = new RunningProbe(Watch(server.Port) with { Rate = 100, Timeout = Impatient });
        var stuck = await probe.WaitForAsync(happened => happened.Kind == ProbeEventKind.StuckFlow);

        Volatile.Write(ref isFree, true);

        await probe.WaitForAsync(happened => happened.Kind == ProbeEventKind.Reconnected && happened.Connection == stuck.Connection);
        (await probe.StopAsync()).Targets[0].Held!.Connections.Stuck.ShouldBe(1);
    }

    [Fact]
    public async Task ServerThatIsSilentToEverybodyHasNoStuckFlows()
    {
        var isSilent = false;
        var asked = new ConcurrentDictionary<int, byte>();
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            asked.TryAdd(from.Port, 0);
            if (!Volatile.Read(ref isSilent))
            {
                server.Answer(from, datagram);
            }
        });
        await using var probe = new RunningProbe(Watch(server.Port) with { Rate = 100, Timeout = Impatient });
        await Eventually.TrueAsync(() => asked.Count == 2);

        Volatile.Write(ref isSilent, true);
        // A fresh flow has asked, and another after its time.
        await Eventually.TrueAsync(() => asked.Count >= 4);
        Volatile.Write(ref isSilent, false);
        await probe.WaitForAsync(happened => happened.Kind == ProbeEventKind.Reconnected, count: 2);
        var report = (await probe.StopAsync()).Targets[0].Held!;

        report.Verdict.Causes.ShouldBe([ProbeEventKind.LostMessages], report.Verdict.Summary);
        report.LongestGap.Seconds.ShouldBeGreaterThan(Impatient.TotalSeconds);
    }

    [Fact]
    public async Task PortThatNobodyHasIsRefusedAndNoConnection()
    {
        var port = FreePort.Take();

        var report = await ProbeRuns.RunWholeAsync(Watch(port) with { NewRate = 40, Timeout = Impatient });

        report.Verdict.Status.ShouldBe(VerdictStatus.NoConnection, report.Verdict.Summary);
        report.Verdict.ExitCode.ShouldBe(3);
        report.Verdict.Summary.ShouldContain($"No answer from udp://127.0.0.1:{port}");
        foreach (var (_, population) in report.Targets[0].Populations())
        {
            population.Verdict.Causes.ShouldBe([ProbeEventKind.Refused, ProbeEventKind.LostMessages], population.Verdict.Summary);
            population.Connections.Refused.ShouldBeGreaterThan(0);
        }
    }

    [Fact]
    public async Task LimitsSayHowMuchIsNoDisruption()
    {
        var count = 0;
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            server.Answer(from, datagram);
            if (++count % 20 == 0)
            {
                server.Answer(from, datagram);
            }
        });
        var options = Watch(server.Port);
        ProbeOptions Limited(string limit) => options with { Limits = new Dictionary<ProbeEventKind, Limit> { [ProbeEventKind.Duplicated] = Limit.TryParse(limit, out var parsed) ? parsed.Value : default } };

        var within = await ProbeRuns.RunAsync(Limited("5%"));
        var beyond = await ProbeRuns.RunAsync(Limited("1%"));

        within.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, within.Verdict.Summary);
        beyond.Verdict.Causes.ShouldBe([ProbeEventKind.Duplicated], beyond.Verdict.Summary);
        beyond.Thresholds.ShouldHaveSingleItem().Option.ShouldBe("--max-duplicated");
    }

    [Fact]
    public async Task FlowsThatAreCutAndNewOnesThatAreNotAnsweredAreAsExpected()
    {
        var isSilent = false;
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            if (!Volatile.Read(ref isSilent))
            {
                server.Answer(from, datagram);
            }
        });
        var running = ProbeRuns.RunWholeAsync(Watch(server.Port) with
        {
            Rate = 100,
            // Far enough apart that they come in the order in which they began.
            NewRate = 10,
            Duration = TimeSpan.FromSeconds(1.2),
            Timeout = Impatient,
            ExpectHeld = HeldExpectation.Closed,
            ExpectNew = NewExpectation.Timeout,
        });
        await Eventually.TrueAsync(() => server.Sources.Count > 4);
        Volatile.Write(ref isSilent, true);

        var report = await running;

        report.Verdict.Status.ShouldBe(VerdictStatus.AsExpected, report.Verdict.Summary);
        report.Targets[0].Held!.Expectation!.Summary.ShouldStartWith("all 2 held flows were closed, with no answer after ");
        report.Targets[0].New!.Expectation!.AtSeconds!.Value.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task FlowsThatAreAllAnsweredAreAlive()
    {
        await using var server = DatagramServer.StartEcho();

        var report = await ProbeRuns.RunWholeAsync(Watch(server.Port) with { NewRate = 50, ExpectHeld = HeldExpectation.Alive, ExpectNew = NewExpectation.Echo });

        report.Verdict.Status.ShouldBe(VerdictStatus.AsExpected, report.Verdict.Summary);
        report.Targets[0].Held!.Expectation!.Spared.ShouldBe(2);
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task FlowsComeFromTheAddressAndThePortsThatWereAskedFor()
    {
        await using var server = DatagramServer.StartEcho();
        // Below the range that the system chooses from.
        var ports = new PortRange(21_300, 21_303);

        var report = await ProbeRuns.RunAsync(Watch(server.Port) with { Connections = 4, Origin = new Origin(IPAddress.Parse("127.0.0.9"), ports, null) });

        report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);
        server.Sources.Select(source => source.Port).Order().ShouldBe([21_300, 21_301, 21_302, 21_303]);
        server.Sources.ShouldAllBe(source => source.Address.Equals(IPAddress.Parse("127.0.0.9")));
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task PortsThatAreUsedUpAreALocalLimitAndNotTheServers()
    {
        await using var server = DatagramServer.StartEcho();
        var origin = new Origin(IPAddress.Parse("127.0.0.10"), new PortRange(21_310, 21_311), null);

        var report = await ProbeRuns.RunAsync(Watch(server.Port) with { Connections = 3, Timeout = Impatient, Origin = origin });

        report.Verdict.Status.ShouldBe(VerdictStatus.Inconclusive, report.Verdict.Summary);
        report.Connections.Made.ShouldBe(2);
        report.Messages.Unsent.ShouldBe(report.Messages.UnsentLocally);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task NameWithAddressesOfBothFamiliesIsAskedByTheOneThatAnswers(string address)
    {
        await using var server = DatagramServer.StartEcho(IPAddress.Parse(address));
        using var connector = new Connector(
            new ProbeTarget("both.example", server.Port, Protocol.Udp),
            ProbeRuns.Unhurried,
            new EchoService.Probe.Measurement.LatencyHistogram(),
            resolver: new Resolver("both.example", (_, family) => Task.FromResult<IPAddress[]>([family == System.Net.Sockets.AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback])),
            greet: async (socket, cancel) =>
            {
                await socket.SendAsync(new byte[] { 1 }, cancel);
                await socket.ReceiveAsync(new byte[1], cancel);
            });

        for (var i = 0; i < 4; i++)
        {
            var (socket, _) = await connector.ConnectAsync(TestContext.Current.CancellationToken);
            using var owned = socket;
            ((IPEndPoint)socket!.RemoteEndPoint!).Address.ShouldBe(IPAddress.Parse(address));
        }
    }

    [Fact]
    public async Task TargetsMayBeOfBothProtocolsAndEachHasItsVerdict()
    {
        await using var host = await EchoHost.StartAsync("Echo:Udp:Enabled=true");
        var server = host.EndPoint.Port;

        var report = await ProbeRuns.RunWholeAsync(ProbeRuns.Watch(server) with
        {
            Targets = [new ProbeTarget("127.0.0.1", server), new ProbeTarget("127.0.0.1", server, Protocol.Udp)],
            NewRate = 20,
        });

        report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);
        report.Targets.Select(target => target.Protocol).ShouldBe([Protocol.Tcp, Protocol.Udp]);
        report.Targets.ShouldAllBe(target => target.Held!.Messages.Answered == 200 && target.New!.Messages.Answered == 10);
    }

    private static ProbeOptions Watch(int port) => ProbeRuns.Watch(port) with { Targets = [new ProbeTarget("127.0.0.1", port, Protocol.Udp)] };
}
