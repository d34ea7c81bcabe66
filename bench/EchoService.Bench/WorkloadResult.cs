namespace EchoService.Bench;

/// <summary>One workload's slices, and where and when they were taken.</summary>
/// <param name="MeasuredAt">When its last slice ended.</param>
/// <param name="Commit">Revision that was built.</param>
/// <param name="Machine">Processor, kernel and runtime.</param>
/// <param name="Program">Form of the program that stood for the service: <see cref="ServiceProgram"/>.</param>
/// <param name="Peers">By <see cref="Peer.Name"/>, in the order of rounds: slice <c>n</c> of all peers belongs to one round.</param>
internal sealed record WorkloadResult(
    DateTimeOffset MeasuredAt, string Commit, string Machine, string Program, IReadOnlyDictionary<string, IReadOnlyList<Slice>> Peers)
{
    /// <summary>Spread of a measure over rounds, or null if nothing was measured.</summary>
    public Quartiles? Of(Peer peer, Func<Slice, double?> measure) =>
        Quartiles.Of(SlicesOf(peer).Select(measure));

    /// <summary>Spread of the ratio of two peers' measures, each taken within one round.</summary>
    public Quartiles? Ratio(Peer peer, Peer to, Func<Slice, double?> measure) => Ratio(peer, [to], measure);

    /// <summary>Spread of the ratio of a peer's measure to the least of several others', each taken within one round.</summary>
    public Quartiles? Ratio(Peer peer, IReadOnlyList<Peer> to, Func<Slice, double?> measure)
    {
        double? Least(int round) => to.Select(other => SlicesOf(other).ElementAtOrDefault(round) is { } slice ? measure(slice) : null).Min();
        return Quartiles.Of(SlicesOf(peer).Select((slice, round) => Least(round) is { } least and not 0 ? measure(slice) / least : null));
    }

    public IReadOnlyList<Slice> SlicesOf(Peer peer) => Peers.GetValueOrDefault(peer.Name) ?? [];
}
