namespace EchoService.Bench;

/// <summary>A ratio (or, with no peer, a value) that the service is to reach, or with no limit is just to be told.</summary>
internal sealed record Target(Workload Workload, string Measure, Func<Slice, double?> Of, Peer? To, bool AtLeast, double? Limit)
{
    /// <summary>
    /// Below this nothing is allocated per message: the smallest object there is takes 24 bytes, and the share of a
    /// message in a scrape and in the timers is some tenths of a byte at a million messages.
    /// </summary>
    private const double MostAllocated = 1;

    public static readonly IReadOnlyList<Target> All =
    [
        Cpu(Workload.Closed64, Peer.Epoll, 1.10),
        Cpu(Workload.Closed64, Peer.Go, 0.98),
        Cpu(Workload.Closed64, Peer.Kestrel, 0.60),
        Cpu(Workload.Closed64, Peer.Sample, 0.60),
        Cpu(Workload.Closed1000, Peer.Epoll, 1.15),
        Cpu(Workload.Closed1000, Peer.Go, 0.80),
        Cpu(Workload.Closed1000, Peer.Kestrel, 0.55),
        Cpu(Workload.Stream, Peer.Epoll, 0.95),
        Cpu(Workload.Stream, Peer.EpollEdge, 1.05),
        Rate(Workload.Closed64, Peer.Epoll, 0.92),
        Rate(Workload.Closed64, Peer.Go, 1.00),
        Rate(Workload.Closed1000, Peer.Epoll, 0.92),
        Rate(Workload.Closed1000, Peer.Go, 1.00),
        Rate(Workload.Stream, Peer.Epoll, 0.92),
        Rate(Workload.Stream, Peer.Go, 1.00),
        Rate(Workload.Churn, Peer.Epoll, 0.90),
        Rate(Workload.Mixed, Peer.Epoll, 0.60),
        new(Workload.Mixed, "p99 of the chatty", slice => slice.P99Micros, Peer.Epoll, AtLeast: false, 1.5),
        .. Workload.ByThreads.Where(workload => workload.Threads > 1).Select(workload => Cpu(workload, Peer.Epoll, 1.10)),
        Cpu(Workload.Open64, Peer.Epoll, 1.10),
        Cpu(Workload.Open1000, Peer.Epoll, 1.10),
        new(Workload.Open64, "p99 from when a message was due", slice => slice.P99Micros, Peer.Epoll, AtLeast: false, null),
        new(Workload.Open1000, "p99 from when a message was due", slice => slice.P99Micros, Peer.Epoll, AtLeast: false, null),
        new(Workload.Idle, "resident KiB per connection", slice => slice.BytesPerConnection / 1024, null, AtLeast: false, 2.5),
        new(Workload.Allocations, "bytes allocated per message", slice => slice.AllocatedPerMessage, null, AtLeast: false, MostAllocated),
        new(Workload.Polled, "messages per second", slice => slice.Rate, Peer.Service, AtLeast: true, 0.97),
    ];

    /// <summary>The side of the ratio that is to be small or large.</summary>
    private Peer Subject => Workload == Workload.Polled ? Peer.ServicePolled : Peer.Service;

    public Quartiles? Value(WorkloadResult result) => To is null
        ? result.Of(Subject, Of)
        : result.Ratio(Subject, To, Of);

    public bool IsMetBy(double value) => AtLeast ? value >= Limit : value <= Limit;

    private static Target Cpu(Workload workload, Peer to, double limit) =>
        new(workload, $"server CPU per {workload.Unit}", slice => slice.CpuMicros, to, AtLeast: false, limit);

    private static Target Rate(Workload workload, Peer to, double limit) =>
        new(workload, $"{workload.Units} per second", slice => slice.Rate, to, AtLeast: true, limit);
}
