using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;
using EchoService.Probe.Display;
using EchoService.Probe.Events;
using EchoService.Probe.Measurement;
using EchoService.Probe.Messages;
using Prometheus;

namespace EchoService.Probe.Metrics;

/// <summary>
/// <c>--metrics-port</c>: the run's figures for Prometheus, read when they are asked for. Labels are bounded: targets,
/// the two populations, what can become of a message or a connection, and instances up to a number.
/// </summary>
internal sealed class RunMetrics : IAsyncDisposable
{
    /// <summary>The others count as one, so that names that change for days do not become series.</summary>
    internal const int MostInstances = 100;

    private const string OtherInstances = "other";

    private static readonly string[] PopulationLabels = ["target", "population"];

    private static readonly (string Outcome, Func<MessageTotals, long> Count)[] Outcomes =
    [
        ("answered", messages => messages.Answered),
        ("corrupted", messages => messages.Corrupted),
        ("lost", messages => messages.Lost),
        ("unsent", messages => messages.Unsent),
    ];

    private static readonly ProbeEventKind[] Ends = [ProbeEventKind.FinAtBoundary, ProbeEventKind.FinInsideMessage, ProbeEventKind.Reset, ProbeEventKind.Stalled];

    private static readonly ProbeEventKind[] Failures = [ProbeEventKind.Refused, ProbeEventKind.ConnectTimeout, ProbeEventKind.Unreachable, ProbeEventKind.LocalLimit];

    private readonly CollectorRegistry _registry = Prometheus.Metrics.NewCustomRegistry();
    private readonly IReadOnlyList<PopulationRun> _populations;
    private readonly Counter _due;
    private readonly Counter _messages;
    private readonly Counter _late;
    private readonly Counter _reordered;
    private readonly Counter _duplicated;
    private readonly Counter _stuck;
    private readonly Counter _made;
    private readonly Counter _ended;
    private readonly Counter _failed;
    private readonly Gauge _open;
    private readonly Gauge _gap;
    private readonly Gauge _latency;
    private readonly Counter _instanceMessages;
    private MetricsServer? _server;

    private RunMetrics(IReadOnlyList<PopulationRun> populations)
    {
        _populations = populations;
        var factory = Prometheus.Metrics.WithCustomRegistry(_registry);
        _due = factory.CreateCounter("echo_probe_messages_due_total", "Messages that were due.", PopulationLabels);
        _messages = factory.CreateCounter("echo_probe_messages_total", "What became of them.", [.. PopulationLabels, "outcome"]);
        _late = factory.CreateCounter("echo_probe_messages_late_total", "Of the answered: those that took longer than --late.", PopulationLabels);
        _reordered = factory.CreateCounter("echo_probe_datagrams_reordered_total", "Of the answered: those that came after one that was sent after them; UDP.", PopulationLabels);
        _duplicated = factory.CreateCounter("echo_probe_datagrams_duplicated_total", "Datagrams that came back once more; UDP.", PopulationLabels);
        _stuck = factory.CreateCounter("echo_probe_flows_stuck_total", "Flows that were lost while fresh ones were answered; UDP.", PopulationLabels);
        _made = factory.CreateCounter("echo_probe_connections_made_total", "Connections made, or flows opened.", PopulationLabels);
        _ended = factory.CreateCounter("echo_probe_connections_ended_total", "Connections that the other side ended, by how.", [.. PopulationLabels, "how"]);
        _failed = factory.CreateCounter("echo_probe_connects_failed_total", "Connects that failed, or datagrams that were refused, by how.", [.. PopulationLabels, "how"]);
        _open = factory.CreateGauge("echo_probe_connections_open", "Connections open now.", PopulationLabels);
        _gap = factory.CreateGauge("echo_probe_longest_gap_seconds", "The longest that a client has waited for an answer that was due.", PopulationLabels);
        _latency = factory.CreateGauge("echo_probe_latency_quantile_seconds", "Latency of answered messages since the start.", [.. PopulationLabels, "quantile"]);
        _instanceMessages = factory.CreateCounter("echo_probe_instance_messages_total", "Messages by the instance that answered or lost them, with --banner.", [.. PopulationLabels, "instance", "outcome"]);
        _registry.AddBeforeCollectCallback(Read);
    }

    /// <summary>Serves them from now on.</summary>
    /// <exception cref="IOException">The port is taken or not allowed.</exception>
    public static async Task<RunMetrics> StartAsync(int port, IReadOnlyList<PopulationRun> populations)
    {
        var metrics = new RunMetrics(populations);
        metrics._server = await MetricsServer.StartAsync(port, metrics._registry).ConfigureAwait(false);
        return metrics;
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync().ConfigureAwait(false);
        }
    }

    private static void Set(Counter counter, long value, params string[] labels) => counter.WithLabels(labels).IncTo(value);

    private void Read()
    {
        foreach (var population in _populations)
        {
            string[] labels = [population.Name.Target.ToString(), population.Name.Population == Population.Held ? "held" : "new"];
            var total = population.Total;
            Set(_due, total.Messages.Due, labels);
            Set(_late, total.Messages.Late, labels);
            Set(_made, total.Connects, labels);
            foreach (var (outcome, count) in Outcomes)
            {
                Set(_messages, count(total.Messages), [.. labels, outcome]);
            }

            var protocol = population.Name.Target.Protocol;
            if (protocol == Protocol.Udp)
            {
                Set(_reordered, total.Messages.Reordered, labels);
                Set(_duplicated, total.Messages.Duplicated, labels);
                Set(_stuck, population.Count(ProbeEventKind.StuckFlow), labels);
            }

            foreach (var end in Ends.Where(end => end.IsOf(protocol)))
            {
                Set(_ended, population.Count(end), [.. labels, Wording.Code(end)]);
            }

            foreach (var failure in Failures.Where(failure => failure.IsOf(protocol)))
            {
                Set(_failed, population.Count(failure), [.. labels, Wording.Code(failure)]);
            }

            _open.WithLabels(labels).Set(total.Open);
            _gap.WithLabels(labels).Set(Clock.ToSeconds(total.Gap));
            foreach (var (quantile, seconds) in population.LatencyQuantiles())
            {
                _latency.WithLabels([.. labels, quantile]).Set(seconds);
            }

            ReadInstances(population, labels);
        }
    }

    private void ReadInstances(PopulationRun population, string[] labels)
    {
        var (answered, lost) = (0L, 0L);
        // The table keeps the order in which they appeared, so that who has a series keeps it.
        foreach (var (index, instance) in population.Instances.Index())
        {
            if (index < MostInstances)
            {
                Set(_instanceMessages, instance.Answered, [.. labels, instance.Name, "answered"]);
                Set(_instanceMessages, instance.Lost, [.. labels, instance.Name, "lost"]);
            }
            else
            {
                (answered, lost) = (answered + instance.Answered, lost + instance.Lost);
            }
        }

        if (answered + lost > 0)
        {
            Set(_instanceMessages, answered, [.. labels, OtherInstances, "answered"]);
            Set(_instanceMessages, lost, [.. labels, OtherInstances, "lost"]);
        }
    }
}
