using System.Diagnostics.CodeAnalysis;
using EchoService.Transport.Connections;
using EchoService.Transport.Faults.Holds;
using EchoService.Transport.Timing;

namespace EchoService.Transport.Faults;

/// <summary>The faults that are on. While there are none, nobody else knows of any.</summary>
/// <remarks>
/// A connection is met by a fault twice at most: by its number among all connections, and not by when it is looked at, it
/// follows whether the fault takes hold of it, so that one that is accepted while a fault begins is neither missed nor
/// drawn twice.
/// </remarks>
/// <param name="connections">Who is connected.</param>
/// <param name="clock">The time that faults begin and end by the wall clock.</param>
/// <param name="timeProvider">Whose time it is.</param>
/// <param name="logger">What each begin and end is told.</param>
internal sealed class FaultTable(ConnectionRegistry connections, CoarseClock clock, TimeProvider timeProvider, ILogger logger) : IDisposable
{
    /// <summary>The most that can be on at once.</summary>
    public const int Most = 64;

    private readonly Lock _lock = new();
    private volatile Fault[] _active = [];
    private volatile Fault[] _ofDatagrams = [];
    private volatile Fault? _ofNewSockets;
    private long _lastId;
    private bool _isDraining;

    /// <summary>A fault has begun or ended: then why. In order; handlers must not block.</summary>
    public event Action<Fault, FaultEnd?>? Changed;

    /// <summary>What the listener is to do: which fault of it is on now; null: none. Called under a lock, in order.</summary>
    public Action<FaultKind?>? ListenerFaultChanged { get; set; }

    /// <summary>The id of the connection that was accepted last.</summary>
    public Func<long> LastConnectionId { get; set; } = static () => 0;

    /// <summary>Those that are on, oldest first.</summary>
    public IReadOnlyList<Fault> Active => _active;

    /// <summary>Those of them that are about datagrams.</summary>
    public Fault[] OfDatagrams => _ofDatagrams;

    /// <summary>The one that resets who connects; null: none does.</summary>
    public Fault? OfNewSockets => _ofNewSockets;

    public FaultCounters Counters { get; } = new();

    public Pacer Pacer { get; } = new(timeProvider);

    /// <summary>When datagrams that are held back leave.</summary>
    public Pacer DatagramPacer { get; } = new(timeProvider);

    /// <summary>One of that kind that is on, or null.</summary>
    public Fault? Find(FaultKind kind) => Array.Find(_active, fault => fault.Kind == kind);

    public Fault? Find(long id) => Array.Find(_active, fault => fault.Id == id);

    /// <summary>Begins a fault.</summary>
    /// <param name="spec">What it is to do.</param>
    /// <param name="fault">The fault.</param>
    /// <param name="refusal">Why it cannot begin now.</param>
    public bool TryBegin(FaultSpec spec, [NotNullWhen(true)] out Fault? fault, [NotNullWhen(false)] out string? refusal)
    {
        lock (_lock)
        {
            fault = null;
            refusal = Refuse(spec.Kind);
            if (refusal is not null)
            {
                return false;
            }

            fault = new Fault(++_lastId, spec, clock.SteadyNow + clock.Correction, LastConnectionId(), Counters);
            using (ExecutionContext.SuppressFlow())
            {
                var id = fault.Id;
                fault.Timer = timeProvider.CreateTimer(_ => TryEnd(id, FaultEnd.Expired, out var _), null, spec.Duration, Timeout.InfiniteTimeSpan);
            }

            // Before it is looked who is connected: whoever comes meanwhile sees it by himself.
            Publish([.. _active, fault]);
            Log.FaultBegan(logger, fault.Id, fault.Kind, spec.Duration.TotalSeconds);
            if (FaultKinds.PlaceOf(spec.Kind) == FaultPlace.Connection)
            {
                foreach (var connection in connections.Live)
                {
                    Meet(fault, connection);
                }
            }

            Changed?.Invoke(fault, null);
            return true;
        }
    }

    /// <summary>Ends a fault; connections go on as if it had never been.</summary>
    public bool TryEnd(long id, FaultEnd why, [NotNullWhen(true)] out Fault? fault)
    {
        lock (_lock)
        {
            fault = Find(id);
            if (fault is null)
            {
                return false;
            }

            End(fault, why);
            return true;
        }
    }

    /// <summary>Ends all.</summary>
    /// <returns>Those that it has ended.</returns>
    public IReadOnlyList<Fault> EndAll() => EndAll(FaultEnd.Deleted);

    /// <summary>A drain begins: all end but what is about drains, and no other begins before <see cref="OnDrainOver"/>.</summary>
    public void OnDrain()
    {
        lock (_lock)
        {
            _isDraining = true;
            EndAll(FaultEnd.Drained);
        }
    }

    /// <summary>The drain was taken back.</summary>
    public void OnDrainOver()
    {
        lock (_lock)
        {
            _isDraining = false;
        }
    }

    /// <summary>How many connections <paramref name="fault"/> has hold of now.</summary>
    public int CountHeld(Fault fault) =>
        FaultKinds.PlaceOf(fault.Kind) == FaultPlace.Connection ? connections.Live.Count(connection => connection.Detour?.IsHeldBy(fault.Id) is true) : 0;

    /// <summary>Shows a connection that has been accepted to the faults that are on.</summary>
    public void Meet(EchoConnection connection)
    {
        foreach (var fault in _active)
        {
            if (FaultKinds.PlaceOf(fault.Kind) == FaultPlace.Connection)
            {
                Meet(fault, connection);
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var fault in _active)
            {
                fault.Timer?.Dispose();
            }
        }
    }

    private void Meet(Fault fault, EchoConnection connection)
    {
        // One whose PROXY header is not complete is met when it is: then it is known who it is.
        if (connection.IsIdentified && connection.State == ConnectionState.Open && fault.Selects(connection)
            && ((EchoLoop)connection).TryHold(Hold.Of(fault, connection.Id - fault.LastOpenId, Pacer)))
        {
            fault.CountConnection();
            if (fault.IsOver)
            {
                // Ended meanwhile, and perhaps not seen by whoever ended it.
                connection.Detour?.Release(fault);
            }
        }
    }

    private string? Refuse(FaultKind kind)
    {
        if (_isDraining && kind != FaultKind.FalseReady)
        {
            return "A drain is on, which ends all faults but falseReady and lets none begin.";
        }

        if (_active.Length >= Most)
        {
            return $"{Most} faults are on, and no more can be. End one first.";
        }

        var place = FaultKinds.PlaceOf(kind);
        if (place == FaultPlace.Datagram && Find(kind) is { } same)
        {
            return $"Fault {same.Id} does the same to datagrams, and there can be one of each kind. End it first.";
        }

        return place is FaultPlace.Listener or FaultPlace.Readiness && Array.Find(_active, fault => FaultKinds.PlaceOf(fault.Kind) == place) is { } other
            ? $"Fault {other.Id} is about the {(place == FaultPlace.Listener ? "listener" : "readiness")} too, and there can be one such at a time. End it first."
            : null;
    }

    private List<Fault> EndAll(FaultEnd why)
    {
        lock (_lock)
        {
            List<Fault> ended = [];
            ended.AddRange(_active.Where(fault => why != FaultEnd.Drained || fault.Kind != FaultKind.FalseReady));
            ended.ForEach(fault => End(fault, why));
            return ended;
        }
    }

    private void End(Fault fault, FaultEnd why)
    {
        fault.Timer?.Dispose();
        fault.MarkOver();
        Publish([.. _active.Where(other => other != fault)]);
        if (FaultKinds.PlaceOf(fault.Kind) == FaultPlace.Connection)
        {
            foreach (var connection in connections.Live)
            {
                connection.Detour?.Release(fault);
            }
        }
        else if (fault.Kind == FaultKind.UdpDelay)
        {
            DatagramPacer.Hasten();
        }

        Log.FaultEnded(logger, fault.Id, fault.Kind, why, fault.Connections, fault.Bytes);
        Changed?.Invoke(fault, why);
    }

    private void Publish(Fault[] active)
    {
        var before = ListenerFault(_active);
        _active = active;
        _ofDatagrams = [.. active.Where(static fault => FaultKinds.PlaceOf(fault.Kind) == FaultPlace.Datagram)];
        var listener = ListenerFault(active);
        _ofNewSockets = listener is { Kind: FaultKind.ResetNew } ? listener : null;
        if (listener != before)
        {
            ListenerFaultChanged?.Invoke(listener?.Kind);
        }
    }

    private static Fault? ListenerFault(Fault[] active) => Array.Find(active, static fault => FaultKinds.PlaceOf(fault.Kind) == FaultPlace.Listener);
}
