using EchoService.Probe.Clients;
using EchoService.Probe.Measurement;
using EchoService.Probe.Reporting;

namespace EchoService.IntegrationTests.Probe;

public sealed class TimelineRecorderTests
{
    [Fact]
    public void RunOfAWeekHasABoundedTimelineThatLosesNothing()
    {
        const int Days = 7;
        var recorder = new TimelineRecorder(origin: 0, duration: null);
        var answered = 0L;

        for (var second = 1L; second <= Days * 86_400; second++)
        {
            var sample = new RunSample();
            sample.Messages.Due = sample.Messages.Answered = answered = second * 3;
            recorder.Close(sample, ends: 0, failures: 0, now: second * Clock.Second, isLast: false);
        }

        recorder.Intervals.Count.ShouldBeLessThan(3_700);
        recorder.Intervals.Count.ShouldBeGreaterThan(1_700);
        var last = new RunSample();
        last.Messages.Due = last.Messages.Answered = answered;
        recorder.Close(last, 0, 0, Days * 86_400 * Clock.Second, isLast: true);
        recorder.Intervals.Sum(interval => interval.Answered).ShouldBe(answered);
        recorder.Intervals.Select(interval => interval.AtSeconds).ShouldBeInOrder();
    }
}
