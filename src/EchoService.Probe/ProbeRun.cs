using System.Reflection;
using EchoService.Probe.Connections;
using EchoService.Probe.Measurement;
using EchoService.Probe.Reporting;

namespace EchoService.Probe;

/// <summary>One run from the first connect to the report: connect, send for the duration, wait for what is outstanding, judge.</summary>
internal sealed class ProbeRun : IDisposable
{
    private const int MostIntervals = 3600;

    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(25);

    /// <summary>After a signal the verdict should come at once; what is answered within this still counts.</summary>
    private static readonly long InterruptedGrace = Clock.Second;

    private readonly ProbeOptions _options;
    private readonly IRunDisplay _display;
    private readonly long _origin = Clock.Now;
    private readonly DateTime _startedAt = DateTime.UtcNow;
    private readonly long _timeout;
    private readonly EventLog _events;
    private readonly OwnLag _lag = new();
    private readonly LatencyHistogram _connectTimes = new();
    private readonly LatencyHistogram[] _latencies;
    private readonly Lane[] _lanes;
    private readonly Connector _connector;

    private readonly List<TimelineReport> _timeline = [];
    private readonly long _interval;
    private RunSample _atIntervalStart = new();
    private long _endsAtIntervalStart;
    private long _failuresAtIntervalStart;
    private long _nextInterval;
    private long _worst;
    private int _eventsShown;

    public ProbeRun(ProbeOptions options, IRunDisplay display)
    {
        _options = options;
        _display = display;
        _timeout = Clock.FromTimeSpan(options.Timeout);
        _events = new EventLog(_origin);
        _interval = Math.Max(Clock.Second, Clock.FromTimeSpan(options.Duration) / MostIntervals);
        _nextInterval = _origin + _interval;

        // Lanes that complete on different processors should not write the same cache lines for every message.
        _latencies = new LatencyHistogram[Environment.ProcessorCount];
        foreach (ref var histogram in _latencies.AsSpan())
        {
            histogram = new LatencyHistogram();
        }

        _connector = new Connector(options.Target, options.Timeout, _connectTimes);
        var settings = new LaneSettings(
            new MessageCodec(options.Size),
            _connector,
            _events,
            _lag,
            _timeout,
            options.LateAfter is { } late ? Clock.FromTimeSpan(late) : long.MaxValue,
            // A target that refuses is asked at most a thousand times a second, however many connections there are.
            TimeSpan.FromMilliseconds(Math.Max(100, options.Connections)),
            // Open loop: room for what an outage leaves due. Closed loop: a connection never has more under way than this.
            Batch: options.Mode == ProbeMode.Watch ? 16 : options.Pipeline);
        _lanes = new Lane[options.Connections];
        for (var i = 0; i < _lanes.Length; i++)
        {
            _lanes[i] = new Lane(i + 1, settings, _latencies[i % _latencies.Length]);
        }
    }

    /// <summary>Runs to the end of the duration or until <paramref name="interrupt"/>, whichever comes first.</summary>
    public async Task<ProbeReport> ExecuteAsync(CancellationToken interrupt)
    {
        _lag.Start();
        using var stop = new CancellationTokenSource();
        var lanes = Array.ConvertAll(_lanes, lane => lane.RunAsync(stop.Token));

        var started = Clock.Now;
        var ended = started;
        var lag = 0L;
        var answeredInTime = 0L;
        if (await ConnectAsync(interrupt).ConfigureAwait(false))
        {
            started = Clock.Now;
            lag = await SendAsync(started, interrupt).ConfigureAwait(false);
            ended = Clock.Now;
            answeredInTime = Sample(ended).Messages.Answered;
            await DrainAsync(ended, interrupt).ConfigureAwait(false);
        }

        var now = Clock.Now;
        var open = Sample(now).Open;
        await stop.CancelAsync().ConfigureAwait(false);
        foreach (var lane in _lanes)
        {
            lane.Stop();
        }

        await Task.WhenAll(lanes).ConfigureAwait(false);

        // What was outstanding is now lost; closing is no part of the run.
        var total = Sample(now);
        total.Open = open;
        CloseInterval(total, now);
        return Report(total, Clock.ToSeconds(ended - started), answeredInTime, lag, interrupt.IsCancellationRequested);
    }

    public void Dispose()
    {
        _lag.Dispose();
        _connector.Dispose();
    }

    /// <summary>
    /// Waits until every lane has had its connection, or until none was added for a whole timeout. False if there is none
    /// at all by then.
    /// </summary>
    private async Task<bool> ConnectAsync(CancellationToken interrupt)
    {
        var connected = 0;
        var since = _origin;
        await TickUntilAsync(
            (sample, now) =>
            {
                if (sample.EverConnected > connected)
                {
                    (connected, since) = (sample.EverConnected, now);
                }

                return interrupt.IsCancellationRequested
                    || connected == _lanes.Length
                    || (now - since > _timeout && (connected > 0 || ConnectFailures() > 0));
            }).ConfigureAwait(false);
        return connected > 0 && !interrupt.IsCancellationRequested;
    }

    /// <summary>Sends for the duration; returns the worst lag of the schedule.</summary>
    private async Task<long> SendAsync(long start, CancellationToken interrupt)
    {
        var duration = Clock.FromTimeSpan(_options.Duration);
        Task UntilOver() => TickUntilAsync((_, now) => now - start >= duration || interrupt.IsCancellationRequested);
        if (_options.Mode == ProbeMode.Watch)
        {
            var pacer = new Pacer((index, due) => _lanes[(int)(index % _lanes.Length)].Post(due), _options.Rate, start, duration);
            pacer.Start();
            await UntilOver().ConfigureAwait(false);
            if (interrupt.IsCancellationRequested)
            {
                pacer.Abandon();
            }
            else
            {
                pacer.Finish();
            }

            return Math.Max(pacer.WorstLag, _lag.Worst);
        }

        foreach (var lane in _lanes)
        {
            lane.KeepUnderWay(_options.Pipeline);
        }

        await UntilOver().ConfigureAwait(false);
        foreach (var lane in _lanes)
        {
            lane.KeepUnderWay(0);
        }

        return 0;
    }

    /// <summary>Waits for what is outstanding; housekeeping gives it up in time, unless a server trickles on.</summary>
    private Task DrainAsync(long from, CancellationToken interrupt) => TickUntilAsync(
        (sample, now) => sample.Messages.Outstanding == 0
            || now - from > (interrupt.IsCancellationRequested ? InterruptedGrace : _timeout + Clock.Second));

    private async Task TickUntilAsync(Func<RunSample, long, bool> isOver)
    {
        using var timer = new PeriodicTimer(TickInterval);
        do
        {
            var now = Clock.Now;
            foreach (var lane in _lanes)
            {
                lane.Housekeep(now);
            }

            var happened = _events.From(_eventsShown);
            _eventsShown += happened.Count;
            _display.Show(happened);

            var sample = Sample(now);
            if (now >= _nextInterval)
            {
                CloseInterval(sample, now);
            }

            if (isOver(sample, now))
            {
                return;
            }
        }
        while (await timer.WaitForNextTickAsync(CancellationToken.None).ConfigureAwait(false));
    }

    private RunSample Sample(long now)
    {
        var sample = new RunSample();
        foreach (var lane in _lanes)
        {
            lane.AddTo(sample, now);
        }

        _worst = Math.Max(_worst, sample.Worst);
        return sample;
    }

    /// <summary>An interval that is cut short by the end of the run is left out if nothing happened in it.</summary>
    private void CloseInterval(RunSample sample, long now)
    {
        var (messages, before) = (sample.Messages, _atIntervalStart.Messages);
        var (ends, failures) = (Ends(), ConnectFailures());
        var interval = new TimelineReport(
            AtSeconds: Clock.ToSeconds(now - _origin),
            Answered: messages.Answered - before.Answered,
            Late: messages.Late - before.Late,
            Corrupted: messages.Corrupted - before.Corrupted,
            Lost: messages.Lost + messages.Unsent - before.Lost - before.Unsent,
            Ended: ends - _endsAtIntervalStart,
            ConnectFailures: failures - _failuresAtIntervalStart,
            Open: sample.Open,
            WorstSeconds: Clock.ToSeconds(_worst));
        if (now < _nextInterval && interval is { Answered: 0, Corrupted: 0, Lost: 0, Ended: 0, ConnectFailures: 0 })
        {
            return;
        }

        _timeline.Add(interval);
        _display.Show(interval, sample);
        (_atIntervalStart, _endsAtIntervalStart, _failuresAtIntervalStart, _worst) = (sample, ends, failures, 0);
        _nextInterval += _interval * (1 + Math.Max(0, (now - _nextInterval) / _interval));
    }

    private long Ends() => _events.Count(ProbeEventKind.FinAtBoundary) + _events.Count(ProbeEventKind.FinInsideMessage)
        + _events.Count(ProbeEventKind.Reset) + _events.Count(ProbeEventKind.Stalled);

    private long ConnectFailures() => _events.Count(ProbeEventKind.Refused) + _events.Count(ProbeEventKind.ConnectTimeout)
        + _events.Count(ProbeEventKind.Unreachable) + _events.Count(ProbeEventKind.LocalLimit);

    private ProbeReport Report(RunSample total, double seconds, long answeredInTime, long lag, bool interrupted)
    {
        var latency = new LatencyHistogram();
        foreach (var histogram in _latencies)
        {
            latency.Add(histogram);
        }

        var m = total.Messages;
        var messages = new MessagesReport(m.Due, m.Answered, m.Late, m.LateLocally, m.Corrupted, m.Lost, m.Unsent, m.UnsentLocally, m.Repeated);
        var bytes = new BytesReport(m.BytesSent, m.BytesReceived, m.BytesCorrupted, m.BytesLost);
        var connections = new ConnectionsReport(
            total.Connects,
            total.Reconnects,
            _events.Count(ProbeEventKind.Refused),
            _events.Count(ProbeEventKind.ConnectTimeout),
            _events.Count(ProbeEventKind.Unreachable),
            _events.Count(ProbeEventKind.LocalLimit),
            _events.Count(ProbeEventKind.FinAtBoundary),
            _events.Count(ProbeEventKind.FinInsideMessage),
            _events.Count(ProbeEventKind.Reset),
            _events.Count(ProbeEventKind.Stalled));
        var gap = new GapReport(Clock.ToSeconds(total.Gap), total.Gap == 0 ? 0 : Clock.ToSeconds(total.GapBegan - _origin));
        var rate = seconds > 0 ? answeredInTime / seconds : 0;
        var throughput = new ThroughputReport(Math.Round(rate, 3), Math.Round(rate * _options.Size, 3));
        var latencyReport = LatencyReport.From(latency);
        var events = _events.From(0);
        var isWatch = _options.Mode == ProbeMode.Watch;
        return new ProbeReport
        {
            Version = typeof(ProbeRun).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0",
            Command = _options.Mode,
            Target = _options.Target.ToString(),
            StartedAt = _startedAt,
            DurationSeconds = seconds,
            Interrupted = interrupted,
            Options = new OptionsReport(
                _options.Connections,
                isWatch ? _options.Rate : null,
                isWatch ? null : _options.Pipeline,
                _options.Size,
                _options.Duration.TotalSeconds,
                _options.Timeout.TotalSeconds,
                _options.LateAfter?.TotalSeconds,
                _options.Strict),
            Verdict = Verdict.Judge(_options, messages, bytes, connections, throughput, latencyReport, gap),
            Messages = messages,
            Bytes = bytes,
            Connections = connections,
            Throughput = throughput,
            Latency = latencyReport,
            ConnectTime = LatencyReport.From(_connectTimes),
            LongestGap = gap,
            ProbeLagSeconds = Clock.ToSeconds(lag),
            Events = [.. events.Select(e => new EventReport(Clock.ToSeconds(e.At), e.Connection, e.Kind, e.Detail))],
            EventsDropped = _events.Dropped,
            Timeline = _timeline,
        };
    }
}
