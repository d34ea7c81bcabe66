using EchoService.Transport;
using EchoService.Transport.Connections;
using EchoService.Transport.ProxyProtocol;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>Whose time is up, as a function of what was seen.</summary>
public sealed class TimeoutDecisionTests
{
    private static readonly ConnectionTimeouts All = new(Idle: 1000, Send: 300, Close: 50, ProxyHeader: 200, SweepInterval: 10);

    [Theory]
    [InlineData(nameof(ConnectionPhase.Receiving), 999, nameof(TimeoutVerdict.None))]
    [InlineData(nameof(ConnectionPhase.Receiving), 1000, nameof(TimeoutVerdict.Idle))]
    [InlineData(nameof(ConnectionPhase.Echoing), 299, nameof(TimeoutVerdict.None))]
    [InlineData(nameof(ConnectionPhase.Echoing), 300, nameof(TimeoutVerdict.Send))]
    [InlineData(nameof(ConnectionPhase.Finishing), 299, nameof(TimeoutVerdict.None))]
    [InlineData(nameof(ConnectionPhase.Finishing), 300, nameof(TimeoutVerdict.Send))]
    [InlineData(nameof(ConnectionPhase.Closing), 299, nameof(TimeoutVerdict.None))]
    [InlineData(nameof(ConnectionPhase.Closing), 300, nameof(TimeoutVerdict.Send))]
    [InlineData(nameof(ConnectionPhase.ReadingHeader), 199, nameof(TimeoutVerdict.None))]
    [InlineData(nameof(ConnectionPhase.ReadingHeader), 200, nameof(TimeoutVerdict.ProxyHeader))]
    [InlineData(nameof(ConnectionPhase.Aborted), 100_000, nameof(TimeoutVerdict.None))]
    public void CountsFromTheLastProgress(string phase, long quiet, string verdict)
    {
        var watch = new ProgressWatch();
        watch.Look(0, 0, isClosing: false, now: 7);
        All.Decide(Enum.Parse<ConnectionPhase>(phase), in watch, long.MaxValue, 7 + quiet).ShouldBe(Enum.Parse<TimeoutVerdict>(verdict));
    }

    [Fact]
    public void CloseTimeoutRunsFromTheAcknowledgedFin()
    {
        var watch = new ProgressWatch();
        watch.Look(5000, 0, isClosing: true, now: 0);
        // It takes its echo, slowly: for as long as it does, it is waited for.
        for (var now = 0; now < 10_000; now += 200)
        {
            watch.LookAtKernel(new TcpInfo((ulong)now + 1, IsFinAcknowledged: false), finIsOut: true, now);
            All.Decide(ConnectionPhase.Closing, in watch, long.MaxValue, now + 199).ShouldBe(TimeoutVerdict.None);
        }

        watch.LookAtKernel(new TcpInfo(10_001, IsFinAcknowledged: true), finIsOut: true, 10_000);
        watch.LookAtKernel(new TcpInfo(10_001, IsFinAcknowledged: true), finIsOut: true, 10_040);
        All.Decide(ConnectionPhase.Closing, in watch, long.MaxValue, 10_049).ShouldBe(TimeoutVerdict.None);
        All.Decide(ConnectionPhase.Closing, in watch, long.MaxValue, 10_050).ShouldBe(TimeoutVerdict.Close);
    }

    [Fact]
    public void WhatTheKernelHasSaidBeforeIsNoProgress()
    {
        var watch = new ProgressWatch();
        watch.Look(5000, 0, isClosing: false, now: 0);
        watch.LookAtKernel(new TcpInfo(100, IsFinAcknowledged: false), finIsOut: false, now: 10);
        watch.LookAtKernel(new TcpInfo(100, IsFinAcknowledged: false), finIsOut: false, now: 200);
        All.Decide(ConnectionPhase.Echoing, in watch, long.MaxValue, 309).ShouldBe(TimeoutVerdict.None);
        All.Decide(ConnectionPhase.Echoing, in watch, long.MaxValue, 310).ShouldBe(TimeoutVerdict.Send);
    }

    [Fact]
    public void AFinThatIsNotOutIsNotAcknowledged()
    {
        var watch = new ProgressWatch();
        watch.Look(5000, 0, isClosing: true, now: 0);
        watch.LookAtKernel(new TcpInfo(1, IsFinAcknowledged: true), finIsOut: false, now: 0);
        watch.FinAcknowledgedAt.ShouldBe(ProgressWatch.Never);
    }

    [Fact]
    public void AskingToLeaveBeginsTheTimeAnew()
    {
        var watch = new ProgressWatch();
        watch.Look(5, 0, isClosing: false, now: 0);
        watch.Look(5, 0, isClosing: true, now: 900);
        All.Decide(ConnectionPhase.Closing, in watch, long.MaxValue, 901).ShouldBe(TimeoutVerdict.None);
    }

    [Fact]
    public void WithNoSendTimeoutWhoIsAskedToLeaveGetsTheCloseTimeout()
    {
        var watch = new ProgressWatch();
        watch.Look(5, 0, isClosing: true, now: 0);
        var timeouts = All with { Send = 0 };
        timeouts.Decide(ConnectionPhase.Echoing, in watch, long.MaxValue, 999).ShouldBe(TimeoutVerdict.None);
        timeouts.Decide(ConnectionPhase.Finishing, in watch, long.MaxValue, 49).ShouldBe(TimeoutVerdict.None);
        timeouts.Decide(ConnectionPhase.Finishing, in watch, long.MaxValue, 50).ShouldBe(TimeoutVerdict.Send);
        timeouts.Decide(ConnectionPhase.Closing, in watch, long.MaxValue, 49).ShouldBe(TimeoutVerdict.None);
    }

    [Theory]
    [InlineData(nameof(ConnectionPhase.ReadingHeader), nameof(TimeoutVerdict.Lifetime))]
    [InlineData(nameof(ConnectionPhase.Receiving), nameof(TimeoutVerdict.Lifetime))]
    [InlineData(nameof(ConnectionPhase.Echoing), nameof(TimeoutVerdict.Lifetime))]
    [InlineData(nameof(ConnectionPhase.Finishing), nameof(TimeoutVerdict.None))]
    [InlineData(nameof(ConnectionPhase.Closing), nameof(TimeoutVerdict.None))]
    public void AgeEndsWhateverIsOpen(string phase, string verdict)
    {
        var watch = new ProgressWatch();
        watch.Look(0, 0, isClosing: false, now: 0);
        All.Decide(Enum.Parse<ConnectionPhase>(phase), in watch, expiresAt: 40, now: 40).ShouldBe(Enum.Parse<TimeoutVerdict>(verdict));
    }

    [Theory]
    [InlineData(nameof(ConnectionPhase.ReadingHeader), nameof(TimeoutVerdict.ProxyHeader))]
    [InlineData(nameof(ConnectionPhase.Receiving), nameof(TimeoutVerdict.Idle))]
    [InlineData(nameof(ConnectionPhase.Echoing), nameof(TimeoutVerdict.Send))]
    public void OfTimesThatAreUpTogetherTheNarrowestNamesTheReason(string phase, string verdict)
    {
        var watch = new ProgressWatch();
        watch.Look(0, 0, isClosing: false, now: 0);
        All.Decide(Enum.Parse<ConnectionPhase>(phase), in watch, expiresAt: 500, now: 5000).ShouldBe(Enum.Parse<TimeoutVerdict>(verdict));
    }

    [Fact]
    public void WithNoSendTimeoutAReaderThatTakesNothingIsIdle()
    {
        var watch = new ProgressWatch();
        watch.Look(5, 0, isClosing: false, now: 0);
        var timeouts = All with { Send = 0 };
        timeouts.Decide(ConnectionPhase.Echoing, in watch, long.MaxValue, 999).ShouldBe(TimeoutVerdict.None);
        timeouts.Decide(ConnectionPhase.Echoing, in watch, long.MaxValue, 1000).ShouldBe(TimeoutVerdict.Idle);
    }

    [Fact]
    public void AHeaderThatComesInPiecesHasNoMoreTimeThanOneAtOnce()
    {
        var watch = new ProgressWatch();
        for (var now = 0; now < 200; now += 20)
        {
            watch.Look(now, now, isClosing: false, now);
            All.Decide(ConnectionPhase.ReadingHeader, in watch, long.MaxValue, now).ShouldBe(TimeoutVerdict.None);
        }

        watch.Look(200, 200, isClosing: false, now: 200);
        All.Decide(ConnectionPhase.ReadingHeader, in watch, long.MaxValue, 200).ShouldBe(TimeoutVerdict.ProxyHeader);
    }

    [Fact]
    public void WhoHasEverythingIsNotHeldToTheSendTimeout()
    {
        var watch = new ProgressWatch();
        watch.Look(5, 0, isClosing: true, now: 0);
        watch.LookAtKernel(new TcpInfo(6, IsFinAcknowledged: true), finIsOut: true, now: 0);
        var timeouts = All with { Close = 1000 };
        timeouts.Decide(ConnectionPhase.Closing, in watch, long.MaxValue, 999).ShouldBe(TimeoutVerdict.None);
        timeouts.Decide(ConnectionPhase.Closing, in watch, long.MaxValue, 1000).ShouldBe(TimeoutVerdict.Close);
    }

    [Fact]
    public void ZeroMeansNever()
    {
        var watch = new ProgressWatch();
        watch.Look(0, 0, isClosing: false, now: 0);
        var never = new ConnectionTimeouts(0, 0, 0, 0, 10);
        never.Decide(ConnectionPhase.Receiving, in watch, long.MaxValue, long.MaxValue - 1).ShouldBe(TimeoutVerdict.None);
        never.Decide(ConnectionPhase.Receiving, in watch, 70, 69).ShouldBe(TimeoutVerdict.None);
        never.Decide(ConnectionPhase.Receiving, in watch, 70, 70).ShouldBe(TimeoutVerdict.Lifetime);
    }

    [Theory]
    [InlineData(0, 30, 5, 0, 3, false, 625)]
    [InlineData(0, 30, 5, 0, 3, true, 375)]
    [InlineData(4, 30, 5, 0, 0, false, 500)]
    [InlineData(0, 2, 5, 0, 0, false, 250)]
    [InlineData(0, 30, 5, 3.2, 0, false, 400)]
    [InlineData(0, 30, 0.4, 0, 0, false, 100)]
    [InlineData(0, 30, 60, 0, 0, false, 1000)]
    [InlineData(0, 0, 0, 0, 0, true, 1000)]
    public void SweepsEightTimesInTheShortestTimeThatCounts(
        double idle, double send, double close, double lifetime, double header, bool required, long interval)
    {
        var options = new EchoOptions
        {
            IdleTimeout = TimeSpan.FromSeconds(idle),
            SendTimeout = TimeSpan.FromSeconds(send),
            CloseTimeout = TimeSpan.FromSeconds(close),
            MaxLifetime = TimeSpan.FromSeconds(lifetime),
            ProxyHeaderTimeout = TimeSpan.FromSeconds(header),
            ProxyProtocol = required ? ProxyProtocolMode.Required : ProxyProtocolMode.Off,
        };
        ConnectionTimeouts.From(options).ShouldBe(new ConnectionTimeouts(
            (long)(idle * 1000), (long)(send * 1000), (long)(close * 1000), required ? (long)(header * 1000) : 0, interval));
    }

    [Fact]
    public void SeesWhoGoesOnSendingAfterOurFin()
    {
        var watch = new ProgressWatch();
        watch.Look(0, 10, isClosing: true, now: 0);
        watch.PeerGoesOn.ShouldBeTrue();
        watch.Look(0, 10, isClosing: true, now: 10);
        watch.PeerGoesOn.ShouldBeFalse();
    }
}
