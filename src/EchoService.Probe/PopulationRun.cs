using System.Globalization;
using System.Net.Sockets;
using EchoService.Probe.Clients;
using EchoService.Probe.Datagrams;
using EchoService.Probe.Dialing;
using EchoService.Probe.Display;
using EchoService.Probe.Events;
using EchoService.Probe.Explaining;
using EchoService.Probe.Instances;
using EchoService.Probe.Judging;
using EchoService.Probe.Measurement;
using EchoService.Probe.Messages;
using EchoService.Probe.Reporting;
using EchoService.Probe.Streams;

namespace EchoService.Probe;

/// <summary>One population at one target for the length of a run: its clients, its figures, its verdict.</summary>
internal sealed class PopulationRun : IDisposable
{
    private readonly ProbeOptions _options;
    private readonly long _origin;
    private readonly long _timeout;
    private readonly IClients _clients;
    private readonly HeldClients? _held;
    private readonly OutcomeTrack _track;
    private readonly LatencyHistogram _connectTimes = new();
    private readonly LatencyHistogram _latencies = new();
    private readonly TimelineRecorder _timeline;
    private readonly EventLog _events;
    private readonly BannerReader? _banners;
    private readonly InstanceTable? _instances;
    private readonly ExplanationLog _explanations;
    private Pacer? _pacer;
    private int _connected;
    private long _connectedAt;
    private int _eventsShown;
    private long _answeredInTime;
    private RunSample _total = new();

    /// <param name="options">Of the run.</param>
    /// <param name="target">Where to.</param>
    /// <param name="population">Held or new.</param>
    /// <param name="origin">When the run began.</param>
    /// <param name="lag">How long the probe did not get to run.</param>
    /// <param name="explainer">Asks why; null: nobody is asked.</param>
    /// <param name="sink">Told of every event.</param>
    public PopulationRun(ProbeOptions options, ProbeTarget target, Population population, long origin, OwnLag lag, Explainer? explainer, Action<PopulationName, ProbeEvent>? sink)
    {
        Name = new PopulationName(target, population);
        (_options, _origin, _connectedAt) = (options, origin, origin);
        _timeout = Clock.FromTimeSpan(options.Timeout);
        _events = new EventLog(origin, sink is null ? null : happened => sink(Name, happened));
        _banners = options.Banner ? new BannerReader(options.Timeout) : null;
        _instances = options.Banner ? new InstanceTable(_events, GoneAfter(options, population)) : null;
        _explanations = new ExplanationLog(_events);
        _timeline = new TimelineRecorder(origin, options.Duration);
        _track = new OutcomeTrack(Expectations.OutcomeOf(options.ExpectNew));

        var codec = new MessageCodec(options.Size);
        var isUdp = target.Protocol == Protocol.Udp;
        var settings = new LaneSettings(
            codec,
            new Connector(
                target,
                options.Timeout,
                _connectTimes,
                population == Population.Held ? Connector.CrowdLimit : NewClients.MostUnderWay,
                options.Origin,
                greet: isUdp ? Greeting(codec, options.Timeout) : null),
            _events,
            lag,
            _timeout,
            options.LateAfter is { } late ? Clock.FromTimeSpan(late) : long.MaxValue,
            // A target that refuses is asked at most a thousand times a second, however many connections there are.
            TimeSpan.FromMilliseconds(Math.Max(100, options.Connections)),
            // Open loop: room for what an outage leaves due. Closed loop: a connection never has more under way than this.
            Batch: options.Mode == ProbeMode.Watch ? 16 : options.Pipeline)
        {
            Banners = _banners,
            Instances = _instances,
            Explainer = explainer,
            Explanations = _explanations,
        };
        if (population == Population.Held)
        {
            var fresh = new FreshFlow(settings);
            _held = new HeldClients(options.Connections, settings.Connector, number => isUdp
                ? new Flow(number, settings, _latencies, fresh)
                : new Lane(number, settings, _latencies));
            _clients = _held;
        }
        else
        {
            IExchange exchange = isUdp ? new DatagramExchange(codec, options.Timeout, StreamExchange.Number) : new StreamExchange(codec, options.Timeout);
            _clients = new NewClients(settings, exchange, _track, _latencies);
        }
    }

    public PopulationName Name { get; }

    /// <summary>Everything up to the last tick.</summary>
    public RunSample Total => _total;

    /// <summary>Who has answered, in the order of their appearance; empty without <c>--banner</c>.</summary>
    public IReadOnlyList<Instance> Instances => _instances?.All ?? [];

    /// <summary>How often something happened.</summary>
    public long Count(ProbeEventKind kind) => _events.Count(kind);

    /// <summary>Latencies in seconds.</summary>
    public IEnumerable<(string Quantile, double Seconds)> LatencyQuantiles() =>
        from quantile in (double[])[0.5, 0.9, 0.99, 0.999]
        select (quantile.ToString(CultureInfo.InvariantCulture), Clock.ToSeconds(_latencies.ValueAt(quantile)));

    /// <summary>Why the target cannot be watched by instance; null: it can, as far as is known.</summary>
    public string? MissingBanner => _banners?.Missing;

    public Task RunAsync(CancellationToken stop) => _clients.RunAsync(stop);

    /// <summary>
    /// Whether every client has had its connection, or none was added for a whole timeout. New clients have none before
    /// they are due.
    /// </summary>
    public bool HasConnected(long now)
    {
        if (_total.EverConnected > _connected)
        {
            (_connected, _connectedAt) = (_total.EverConnected, now);
        }

        // An attempt may take the timeout by itself; also one that ends before it counts as a connection has been made.
        return _held is null || _connected == _options.Connections || (now - _connectedAt > _timeout && (_connected > 0 || ConnectFailures() + Ends() > 0));
    }

    /// <summary>Whether there is anybody to send to; new clients are always worth a try.</summary>
    public bool CanSend => _held is null || _connected > 0;

    public void BeginSending(long start)
    {
        if (_options.Mode == ProbeMode.Load)
        {
            _held?.KeepUnderWay(_options.Pipeline);
            return;
        }

        var rate = _held is null ? _options.NewRate : _options.Rate;
        _pacer = new Pacer(_clients.Post, rate, start, _options.Duration is { } duration ? Clock.FromTimeSpan(duration) : long.MaxValue / 2);
        _pacer.Start();
    }

    /// <summary>No message is due from now on. Returns the worst lag of the schedule, in nanoseconds.</summary>
    public long EndSending(bool interrupted)
    {
        if (interrupted || _options.Duration is null)
        {
            _pacer?.Abandon();
        }
        else
        {
            _pacer?.Finish();
        }

        _held?.KeepUnderWay(0);
        Tick(Clock.Now);
        _answeredInTime = _total.Messages.Answered;
        return _pacer?.WorstLag ?? 0;
    }

    /// <summary>Gives up what has waited too long, and takes the figures of this moment.</summary>
    public RunSample Tick(long now)
    {
        _clients.Housekeep(now);
        _instances?.Housekeep(now);
        return Sample(now);
    }

    /// <summary>Closes the interval if it is over, and shows what is new.</summary>
    public void Show(IRunDisplay display, long now)
    {
        var happened = _events.From(_eventsShown);
        _eventsShown += happened.Count;
        if (happened.Count > 0)
        {
            display.Show(Name, happened);
        }

        if (_timeline.Close(_total, Ends(), ConnectFailures(), now, isLast: false) is { } interval)
        {
            display.Show(Name, interval, _total);
        }
    }

    /// <summary>Ends every connection, and the last interval with it.</summary>
    public void Stop(IRunDisplay display, long now)
    {
        var open = Sample(now).Open;
        _clients.Stop();

        // What was outstanding is now lost; closing is no part of the run.
        Sample(now);
        _total.Open = open;
        if (_timeline.Close(_total, Ends(), ConnectFailures(), now, isLast: true) is { } interval)
        {
            display.Show(Name, interval, _total);
        }
    }

    /// <param name="seconds">How long was sent.</param>
    public PopulationReport Report(double seconds)
    {
        var m = _total.Messages;
        var connections = new ConnectionsReport(
            _total.Connects,
            _total.Reconnects,
            _events.Count(ProbeEventKind.Refused),
            _events.Count(ProbeEventKind.ConnectTimeout),
            _events.Count(ProbeEventKind.Unreachable),
            _events.Count(ProbeEventKind.LocalLimit),
            _events.Count(ProbeEventKind.FinAtBoundary),
            _events.Count(ProbeEventKind.FinInsideMessage),
            _events.Count(ProbeEventKind.Reset),
            _events.Count(ProbeEventKind.Stalled),
            _events.Count(ProbeEventKind.StuckFlow));
        var rate = seconds > 0 ? _answeredInTime / seconds : 0;
        var figures = new PopulationReport
        {
            Messages = new MessagesReport(m.Due, m.Answered, m.Late, m.LateLocally, m.Corrupted, m.Lost, m.Unsent, m.UnsentLocally, m.Repeated, m.Reordered, m.Duplicated, m.AfterTimeout),
            Bytes = new BytesReport(m.BytesSent, m.BytesReceived, m.BytesCorrupted, m.BytesLost),
            Connections = connections,
            Throughput = new ThroughputReport(Math.Round(rate, 3), Math.Round(rate * _options.Size, 3)),
            Latency = LatencyReport.From(_latencies),
            ConnectTime = LatencyReport.From(_connectTimes),
            LongestGap = new GapReport(Clock.ToSeconds(_total.Gap), _total.Gap == 0 ? 0 : Clock.ToSeconds(_total.GapBegan - _origin)),
            Expectation = _held is null
                ? Expectations.OfNew(_options, Name.Target.Protocol, _track, _origin)
                : Expectations.OfHeld(_options, Name.Target.Protocol, _total, _origin),
            Instances = [.. _instances?.All.Select(instance => InstanceReport.From(instance, _origin)) ?? []],
            Explanations = _explanations.Causes,
            Events = [.. _events.From(0).Select(EventReport.From)],
            EventsDropped = _events.Dropped,
            Timeline = _timeline.Intervals,
        };
        return figures with
        {
            Thresholds = Thresholds.Measure(_options, Name.Target.Protocol, figures),
            Verdict = Verdict.Judge(_options, Name, figures),
        };
    }

    public void Dispose() => _clients.Dispose();

    /// <summary>
    /// A held client takes a moment to come back. New ones come by chance: after ten times the mean time between two of
    /// them to one of ten instances, an instance is gone but for one run in thousands.
    /// </summary>
    private static long GoneAfter(ProbeOptions options, Population population) =>
        population == Population.Held ? Clock.Second : Math.Max(2 * Clock.Second, (long)(100 / options.NewRate * Clock.Second));

    private static Func<Socket, CancellationToken, Task> Greeting(MessageCodec codec, TimeSpan timeout)
    {
        var exchange = new DatagramExchange(codec, timeout, DatagramExchange.Greeting);
        return (socket, cancel) => exchange.AskAsync(socket, sequence: 0, new byte[codec.MessageSize + 1], static (_, _) => { }, cancel);
    }

    private RunSample Sample(long now)
    {
        _total = new RunSample();
        _clients.AddTo(_total, now);
        _timeline.SeeWorst(_total.Worst);
        return _total;
    }

    private long Ends() => _events.Count(ProbeEventKind.FinAtBoundary) + _events.Count(ProbeEventKind.FinInsideMessage)
        + _events.Count(ProbeEventKind.Reset) + _events.Count(ProbeEventKind.Stalled);

    private long ConnectFailures() => _events.Count(ProbeEventKind.Refused) + _events.Count(ProbeEventKind.ConnectTimeout)
        + _events.Count(ProbeEventKind.Unreachable) + _events.Count(ProbeEventKind.LocalLimit);
}
