using System.Net;
using EchoService.Transport.Connections;

namespace EchoService.Transport.Faults;

/// <summary>A fault that is on, or was: what it was asked to do, whom it meets, and what it has done so far.</summary>
internal sealed class Fault
{
    private readonly FaultCounters _counters;
    private long _connections;
    private long _bytes;
    private long _drawn;
    private bool _isOver;

    /// <param name="id">Never given to another.</param>
    /// <param name="spec">What it is to do.</param>
    /// <param name="startedAt">When it begins.</param>
    /// <param name="lastOpenId">The id of the connection that was accepted last before it.</param>
    /// <param name="counters">Where what it does is added up with what others of its kind do.</param>
    public Fault(long id, FaultSpec spec, DateTimeOffset startedAt, long lastOpenId, FaultCounters counters)
    {
        Id = id;
        Spec = spec;
        StartedAt = startedAt;
        LastOpenId = lastOpenId;
        _counters = counters;
    }

    public long Id { get; }

    public FaultSpec Spec { get; }

    public FaultKind Kind => Spec.Kind;

    public DateTimeOffset StartedAt { get; }

    public DateTimeOffset EndsAt => StartedAt + Spec.Duration;

    /// <summary>The id of the connection that was accepted last before it began.</summary>
    public long LastOpenId { get; }

    /// <summary>Connections that it has taken hold of so far; datagrams, for one that is about those.</summary>
    public long Connections => Volatile.Read(ref _connections);

    /// <summary>Bytes that it has altered, held back, or kept from being sent.</summary>
    public long Bytes => Volatile.Read(ref _bytes);

    /// <summary>Whether it has ended: it takes hold of nobody any more.</summary>
    public bool IsOver => Volatile.Read(ref _isOver);

    /// <summary>What ends it when its time is up.</summary>
    public ITimer? Timer { get; set; }

    public void MarkOver() => Volatile.Write(ref _isOver, true);

    public void CountConnection()
    {
        Interlocked.Increment(ref _connections);
        _counters.CountConnection(Kind);
    }

    public void CountBytes(long count)
    {
        Interlocked.Add(ref _bytes, count);
        _counters.CountBytes(Kind, count);
    }

    /// <summary>Whether this is about <paramref name="connection"/>. The answer is always the same, however often it is asked.</summary>
    public bool Selects(EchoConnection connection)
    {
        var number = connection.Id - LastOpenId;
        return Spec.Scope switch
        {
            FaultScope.New => number > 0,
            FaultScope.Open => number <= 0,
            _ => true,
        }
            && Covers(connection.RemoteEndPoint.Address)
            && Draw(number);
    }

    /// <summary>Whether it is about who comes from <paramref name="remote"/>.</summary>
    public bool Covers(IPAddress remote) => Spec.Remote is null || Spec.Remote.Contains(remote);

    /// <summary>Whether the one of that number is among the <see cref="FaultSpec.Percent"/>.</summary>
    /// <remarks>By number and not by turn, so that to ask twice changes nothing, and numbers count from the fault's beginning, so that the next run draws alike.</remarks>
    public bool Draw(long number) => Chance(number) * 100 < Spec.Percent;

    /// <summary>The same for the next of those that have no number of their own.</summary>
    public bool DrawNext() => Draw(Interlocked.Increment(ref _drawn));

    /// <summary>A number from 0 up to 1 that follows from the seed and <paramref name="number"/>.</summary>
    private double Chance(long number)
    {
        // SplitMix64 (Steele, Lea and Flood, 2014): neighbours give unrelated numbers.
        var z = unchecked(((ulong)Spec.Seed * 0xD1B54A32D192ED03) + ((ulong)number * 0x9E3779B97F4A7C15));
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
