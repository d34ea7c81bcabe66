namespace EchoService.Transport.Faults;

/// <summary>What faults have done, by kind: 64-bit, cumulative, never going back.</summary>
internal sealed class FaultCounters
{
    private readonly long[] _connections = new long[FaultKinds.All.Count];
    private readonly long[] _bytes = new long[FaultKinds.All.Count];

    /// <summary>Connections, or datagrams, that faults of that kind have taken hold of.</summary>
    public long Connections(FaultKind kind) => Volatile.Read(ref _connections[(int)kind]);

    /// <summary>Bytes that they have altered, held back or kept from being sent.</summary>
    public long Bytes(FaultKind kind) => Volatile.Read(ref _bytes[(int)kind]);

    public void CountConnection(FaultKind kind) => Interlocked.Increment(ref _connections[(int)kind]);

    public void CountBytes(FaultKind kind, long count) => Interlocked.Add(ref _bytes[(int)kind], count);
}
