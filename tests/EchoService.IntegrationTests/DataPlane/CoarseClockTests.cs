using EchoService.Transport.Timing;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>The clock of messages: it stands still between beats, never steps back, and tells the wall clock's time.</summary>
public sealed class CoarseClockTests
{
    [Fact]
    public void TimesFollowAWallClockThatIsCorrectedAfterTheStart()
    {
        var time = new SteppedTimeProvider();
        var clock = new CoarseClock(time);
        time.Advance(TimeSpan.FromSeconds(10));
        var reading = clock.Update();
        clock.ToUtc(reading).ShouldBe(time.GetUtcNow());

        time.WallClockIsOffBy = TimeSpan.FromHours(-1);
        time.Advance(TimeSpan.FromSeconds(1));
        clock.Update().ShouldBe(reading + 1000);

        clock.ToUtc(clock.Now).ShouldBe(time.GetUtcNow());
        clock.ToUtc(reading).ShouldBe(time.GetUtcNow().AddSeconds(-1));
        clock.Correction.ShouldBe(TimeSpan.FromHours(-1));
    }

    [Fact]
    public void TimesDoNotMoveWithEveryLittleThatTheWallClockIsOff()
    {
        var time = new SteppedTimeProvider();
        var clock = new CoarseClock(time);
        time.WallClockIsOffBy = Heartbeat.Interval;
        clock.Update();
        clock.Correction.ShouldBe(TimeSpan.Zero);

        time.WallClockIsOffBy = Heartbeat.Interval + TimeSpan.FromMilliseconds(1);
        clock.Update();
        clock.Correction.ShouldBe(time.WallClockIsOffBy);
    }

    [Fact]
    public void WhoReadsTheTimeDoesNotSetIt()
    {
        var time = new SteppedTimeProvider();
        var clock = new CoarseClock(time);
        time.Advance(TimeSpan.FromSeconds(10));
        clock.Read().ShouldBe(10_000);
        _ = clock.SteadyNow;
        clock.Now.ShouldBe(0);
    }
}
