namespace EchoService.Bench;

/// <summary>One workload's slices, and where and when they were taken.</summary>
/// <param name="MeasuredAt">When its last slice ended.</param>
/// <param name="Commit">Revision that was built.</param>
/// <param name="Machine">Processor, kernel and runtime.</param>
/// <param name="Peers">By <see cref="Peer.Name"/>, in the order of rounds: slice <c>n</c> of all peers belongs to one round.</param>
internal sealed record WorkloadResult(
    DateTimeOffset MeasuredAt, string Commit, string Machine, IReadOnlyDictionary<string, IReadOnlyList<Slice>> Peers)
{
    /// <summary>Spread of a measure over rounds, or null if nothing was measured.</summary>
    public Quartiles? Of(Peer peer, Func<Slice, double?> measure) =>
        Quartiles.Of(SlicesOf(peer).Select(measure));

    /// <summary>Spread of the ratio of two peers' measures, each taken within one round.</summary>
    public Quartiles? Ratio(Peer peer, Peer to, Func<Slice, double?> measure) =>
        Quartiles.Of(SlicesOf(peer).Zip(SlicesOf(to), (a, b) => measure(b) is not 0 ? measure(a) / measure(b) : null));

    public IReadOnlyList<Slice> SlicesOf(Peer peer) => Peers.GetValueOrDefault(peer.Name) ?? [];
}
