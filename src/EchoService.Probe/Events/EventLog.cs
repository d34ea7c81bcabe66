using EchoService.Probe.Measurement;

namespace EchoService.Probe.Events;

/// <summary>Counts what happens and keeps the first <see cref="Capacity"/> events of it.</summary>
/// <param name="origin">When the run began.</param>
/// <param name="sink">Told of every event as it happens, beyond the capacity too; called under the gate.</param>
internal sealed class EventLog(long origin, Action<ProbeEvent>? sink = null)
{
    public const int Capacity = 1000;

    private readonly Lock _gate = new();
    private readonly List<ProbeEvent> _events = [];
    private readonly long[] _counts = new long[Enum.GetValues<ProbeEventKind>().Length];

    /// <summary>Events that were not kept.</summary>
    public long Dropped { get; private set; }

    public void Add(ProbeEventKind kind, int connection, string? detail = null, string? instance = null, string? cause = null)
    {
        lock (_gate)
        {
            Interlocked.Increment(ref _counts[(int)kind]);
            var happened = new ProbeEvent(Clock.Now - origin, connection, kind, detail, instance, cause);
            sink?.Invoke(happened);
            if (_events.Count < Capacity)
            {
                _events.Add(happened);
            }
            else
            {
                Dropped++;
            }
        }
    }

    /// <summary>Counts one more of what the last event of this connection said.</summary>
    public void AddToRow(ProbeEventKind kind) => Interlocked.Increment(ref _counts[(int)kind]);

    public long Count(ProbeEventKind kind) => Volatile.Read(ref _counts[(int)kind]);

    /// <summary>The kept events from number <paramref name="start"/> on.</summary>
    public IReadOnlyList<ProbeEvent> From(int start)
    {
        lock (_gate)
        {
            return _events[start..];
        }
    }
}
