using EchoService.Probe.Clients;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Reporting;

/// <summary>
/// Cuts a run into intervals: a second each, or a 3600th of a run that is longer than an hour. A run without an end
/// begins with seconds, and doubles them whenever it has 3600.
/// </summary>
internal sealed class TimelineRecorder
{
    private const int MostIntervals = 3600;

    private readonly long _origin;
    private readonly List<TimelineReport> _intervals = [];
    private long _interval;
    private long _next;
    private RunSample _atStart = new();
    private long _endsAtStart;
    private long _failuresAtStart;
    private long _worst;

    public TimelineRecorder(long origin, TimeSpan? duration)
    {
        _origin = origin;
        _interval = Math.Max(Clock.Second, Clock.FromTimeSpan(duration ?? TimeSpan.Zero) / MostIntervals);
        _next = origin + _interval;
    }

    public IReadOnlyList<TimelineReport> Intervals => _intervals;

    public void SeeWorst(long latency) => _worst = Math.Max(_worst, latency);

    /// <summary>The interval that has just ended; null while it goes on.</summary>
    /// <param name="sample">Everything up to now.</param>
    /// <param name="ends">Connections that have ended up to now.</param>
    /// <param name="failures">Connects that have failed up to now.</param>
    /// <param name="now">The time.</param>
    /// <param name="isLast">The run is over: what is left is an interval if anything happened in it.</param>
    public TimelineReport? Close(RunSample sample, long ends, long failures, long now, bool isLast)
    {
        if (now < _next && !isLast)
        {
            return null;
        }

        var (messages, before) = (sample.Messages, _atStart.Messages);
        var interval = new TimelineReport(
            AtSeconds: Clock.ToSeconds(now - _origin),
            Answered: messages.Answered - before.Answered,
            Late: messages.Late - before.Late,
            Disordered: messages.Reordered + messages.Duplicated - before.Reordered - before.Duplicated,
            Corrupted: messages.Corrupted - before.Corrupted,
            Lost: messages.Lost + messages.Unsent - before.Lost - before.Unsent,
            Ended: ends - _endsAtStart,
            ConnectFailures: failures - _failuresAtStart,
            Open: sample.Open,
            WorstSeconds: Clock.ToSeconds(_worst));
        if (now < _next && interval is { Answered: 0, Corrupted: 0, Lost: 0, Ended: 0, ConnectFailures: 0 })
        {
            return null;
        }

        if (_intervals.Count >= MostIntervals + 60)
        {
            Halve();
        }

        _intervals.Add(interval);
        (_atStart, _endsAtStart, _failuresAtStart, _worst) = (sample, ends, failures, 0);
        _next += _interval * (1 + Math.Max(0, (now - _next) / _interval));
        return interval;
    }

    private void Halve()
    {
        for (var i = 0; i < _intervals.Count; i += 2)
        {
            _intervals[i / 2] = i + 1 < _intervals.Count ? _intervals[i].With(_intervals[i + 1]) : _intervals[i];
        }

        _intervals.RemoveRange((_intervals.Count + 1) / 2, _intervals.Count / 2);
        _interval *= 2;
    }
}
