using EchoService.Transport.Connections;
using EchoService.Transport.Fairness;
using EchoService.Transport.Timing;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>A wake-up that is lost is made up for.</summary>
public sealed class BellTests
{
    [Fact]
    public async Task TheHeartbeatRingsAgainForABellThatWasNotHeard()
    {
        var time = new SteppedTimeProvider();
        var bells = new List<MuffledBell>();
        using var turnstiles = new Turnstiles(() =>
        {
            var bell = new MuffledBell();
            bells.Add(bell);
            return bell;
        });
        using var heartbeat = new Heartbeat(new CoarseClock(time), new ConnectionRegistry(1), turnstiles, 1000, time);
        bells.ShouldAllBe(bell => bell.Rung == 1);

        // One beat to see that it was not heard, one to be sure of it.
        time.Advance(2 * Heartbeat.Interval);
        bells.ShouldAllBe(bell => bell.Rung == 2);

        // These are heard, so that sooner or later nobody rings any more.
        await Eventually.TrueAsync(() =>
        {
            var before = bells.Sum(bell => bell.Rung);
            time.Advance(5 * Heartbeat.Interval);
            return bells.Sum(bell => bell.Rung) == before;
        });
    }

    /// <summary>Its first byte is lost.</summary>
    private sealed class MuffledBell : Bell
    {
        public int Rung { get; private set; }

        public override void Ring()
        {
            if (Rung++ > 0)
            {
                base.Ring();
            }
        }
    }
}
