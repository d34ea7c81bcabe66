using EchoService.Transport.Connections;

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
        All.Decide(ConnectionPhase.Closing, in watch, long.MaxValue, 10_049).ShouldBe(TimeoutVerdict.None);
        All.Decide(ConnectionPhase.Closing, in watch, long.MaxValue, 10_050).ShouldBe(TimeoutVerdict.Close);
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
        timeouts.Decide(ConnectionPhase.Finishing, in watch, long.MaxValue, 50).ShouldBe(TimeoutVerdict.Send);
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
