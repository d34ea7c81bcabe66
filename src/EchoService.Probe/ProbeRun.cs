using System.Reflection;
using EchoService.Probe.Clients;
using EchoService.Probe.Display;
using EchoService.Probe.Events;
using EchoService.Probe.Explaining;
using EchoService.Probe.Instances;
using EchoService.Probe.Judging;
using EchoService.Probe.Measurement;
using EchoService.Probe.Reporting;

namespace EchoService.Probe;

/// <summary>One run from the first connect to the report: connect, send for the duration, wait for what is outstanding, judge.</summary>
internal sealed class ProbeRun : IDisposable
{
    private static readonly TimeSpan TickInterval = TimeSpan.FromMilliseconds(25);

    /// <summary>After a signal the verdict should come at once; what is answered within this still counts.</summary>
    private static readonly long InterruptedGrace = Clock.Second;

    /// <summary>What is still to be explained at the end of a run has this long.</summary>
    private static readonly TimeSpan ExplainingGrace = TimeSpan.FromSeconds(5);

    private readonly ProbeOptions _options;
    private readonly IRunDisplay _display;
    private readonly long _origin = Clock.Now;
    private readonly DateTime _startedAt = DateTime.UtcNow;
    private readonly OwnLag _lag = new();
    private readonly List<PopulationRun> _populations = [];
    private readonly Explainer? _explainer;

    /// <param name="options">What to do.</param>
    /// <param name="display">Shows it while it goes on.</param>
    /// <param name="sink">Told of every event as it happens, on whatever thread that is.</param>
    public ProbeRun(ProbeOptions options, IRunDisplay display, Action<PopulationName, ProbeEvent>? sink = null)
    {
        (_options, _display) = (options, display);
        _explainer = options.Explain ? new Explainer() : null;
        foreach (var target in options.Targets)
        {
            if (options.Connections > 0)
            {
                _populations.Add(new PopulationRun(options, target, Population.Held, _origin, _lag, _explainer, sink));
            }

            if (options.NewRate > 0)
            {
                _populations.Add(new PopulationRun(options, target, Population.New, _origin, _lag, _explainer, sink));
            }
        }
    }

    /// <summary>Runs to the end of the duration or until <paramref name="interrupt"/>, whichever comes first.</summary>
    /// <exception cref="NoBannerException">A target that was said to send banners sends none.</exception>
    public async Task<ProbeReport> ExecuteAsync(CancellationToken interrupt)
    {
        _lag.Start();
        using var stop = new CancellationTokenSource();
        var running = _populations.ConvertAll(population => population.RunAsync(stop.Token));

        await TickUntilAsync(now => interrupt.IsCancellationRequested || _populations.TrueForAll(p => p.HasConnected(now))).ConfigureAwait(false);

        var started = Clock.Now;
        var ended = started;
        var lag = 0L;
        var sending = interrupt.IsCancellationRequested ? [] : _populations.FindAll(p => p.CanSend);
        if (sending.Count > 0)
        {
            started = Clock.Now;
            sending.ForEach(p => p.BeginSending(started));
            var until = _options.Duration is { } duration ? started + Clock.FromTimeSpan(duration) : long.MaxValue;
            await TickUntilAsync(now => now >= until || interrupt.IsCancellationRequested).ConfigureAwait(false);
            lag = sending.Max(p => p.EndSending(interrupt.IsCancellationRequested));
            ended = Clock.Now;

            // Housekeeping gives up what is outstanding in time, unless a server trickles on.
            var patience = interrupt.IsCancellationRequested ? InterruptedGrace : Clock.FromTimeSpan(_options.Timeout) + Clock.Second;
            await TickUntilAsync(now => now - ended > patience || _populations.TrueForAll(p => p.Tick(now).Messages.Outstanding == 0)).ConfigureAwait(false);
        }

        var last = Clock.Now;
        await stop.CancelAsync().ConfigureAwait(false);
        _populations.ForEach(p => p.Stop(_display, last));
        await Task.WhenAll(running).ConfigureAwait(false);
        if (_explainer is not null)
        {
            await _explainer.FinishAsync(ExplainingGrace).ConfigureAwait(false);
            _populations.ForEach(p => p.Show(_display, last));
            _display.Refresh();
        }

        if (WithoutBanner is { } without)
        {
            throw new NoBannerException(without.Name.Target, without.MissingBanner!);
        }

        return Report(Clock.ToSeconds(ended - started), Math.Max(lag, _options.Mode == ProbeMode.Watch ? _lag.Worst : 0), interrupt.IsCancellationRequested);
    }

    /// <summary>All that run.</summary>
    public IReadOnlyList<PopulationRun> Populations => _populations;

    private PopulationRun? WithoutBanner => _populations.Find(p => p.MissingBanner is not null);

    public void Dispose()
    {
        _explainer?.Dispose();
        _lag.Dispose();
        _populations.ForEach(p => p.Dispose());
    }

    private async Task TickUntilAsync(Func<long, bool> isOver)
    {
        using var timer = new PeriodicTimer(TickInterval);
        do
        {
            var now = Clock.Now;
            foreach (var population in _populations)
            {
                population.Tick(now);
                population.Show(_display, now);
            }

            _display.Refresh();
            if (isOver(now) || WithoutBanner is not null)
            {
                return;
            }
        }
        while (await timer.WaitForNextTickAsync(CancellationToken.None).ConfigureAwait(false));
    }

    private ProbeReport Report(double seconds, long lag, bool interrupted)
    {
        var isWatch = _options.Mode == ProbeMode.Watch;
        var targets = _options.Targets.Select(target => TargetReport.Of(
            target,
            _populations.Where(p => p.Name.Target == target).ToDictionary(p => p.Name.Population, p => p.Report(seconds)))).ToArray();
        return new ProbeReport
        {
            Version = typeof(ProbeRun).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0",
            Command = _options.Mode,
            StartedAt = _startedAt,
            DurationSeconds = seconds,
            Interrupted = interrupted,
            Options = new OptionsReport(
                _options.Connections,
                isWatch ? _options.Rate : null,
                isWatch ? _options.NewRate : null,
                isWatch ? null : _options.Pipeline,
                _options.Size,
                _options.Duration?.TotalSeconds ?? 0,
                _options.Timeout.TotalSeconds,
                _options.LateAfter?.TotalSeconds,
                _options.Strict,
                _options.Banner,
                _options.Explain),
            Verdict = Verdict.Combine(targets),
            ProbeLagSeconds = Clock.ToSeconds(lag),
            Targets = targets,
        };
    }
}
