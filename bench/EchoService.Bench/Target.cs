namespace EchoService.Bench;

/// <summary>A ratio (or, with no peer to compare with, a value) that the service is to reach, or with no limit is just to be told.</summary>
internal sealed record Target(Workload Workload, string Measure, Func<Slice, double?> Of, IReadOnlyList<Peer> To, bool AtLeast, double? Limit)
{
    /// <summary>
    /// Below this nothing is allocated per message: the smallest object there is takes 24 bytes, and the share of a
    /// message in a scrape and in the timers is some tenths of a byte at a million messages.
    /// </summary>
    private const double MostAllocated = 1;

    /// <summary>What else there is for .NET. Each round counts against the cheapest of them.</summary>
    private static readonly IReadOnlyList<Peer> DotNet = [Peer.Kestrel, Peer.Await, Peer.Sample];

    public static readonly IReadOnlyList<Target> All =
    [
        Cpu(Workload.Closed64, 1.05, Peer.Epoll),
        Cpu(Workload.Closed64, 0.98, Peer.Go),
        Cpu(Workload.Closed64, 0.50, DotNet),
        Cpu(Workload.Closed1000, 1.08, Peer.Epoll),
        Cpu(Workload.Closed1000, 0.80, Peer.Go),
        Cpu(Workload.Closed1000, 0.50, DotNet),
        Cpu(Workload.Closed4K, 1.10, Peer.Epoll),
        Cpu(Workload.Closed4K, 0.50, DotNet),
        Cpu(Workload.Closed16K, 1.10, Peer.Epoll),
        Cpu(Workload.Stream, 0.95, Peer.Epoll),
        Cpu(Workload.Stream, 1.00, Peer.EpollEdge),
        Cpu(Workload.Stream, 0.50, DotNet),
        Cpu(Workload.Churn, 1.12, Peer.Epoll),
        Cpu(Workload.Churn, 0.50, DotNet),
        Cpu(Workload.Udp, 1.40, Peer.Epoll),
        .. Workload.ByThreads.Where(workload => workload.Threads > 1).Select(workload => Cpu(workload, 1.10, Peer.Epoll)),
        Cpu(Workload.Open64, 1.10, Peer.Epoll),
        Cpu(Workload.Open1000, 1.10, Peer.Epoll),
        Rate(Workload.Closed64, 0.92, Peer.Epoll),
        Rate(Workload.Closed64, 1.00, Peer.Go),
        Rate(Workload.Closed1000, 0.92, Peer.Epoll),
        Rate(Workload.Closed1000, 1.00, Peer.Go),
        Rate(Workload.Stream, 0.92, Peer.Epoll),
        Rate(Workload.Stream, 1.00, Peer.Go),
        Rate(Workload.Churn, 0.90, Peer.Epoll),
        Rate(Workload.Mixed, 0.95, Peer.Epoll),
        new(Workload.Mixed, "p99 of the chatty", slice => slice.P99Micros, [Peer.Epoll], AtLeast: false, 1.0),
        new(Workload.Open64, "p99 from when a message was due", slice => slice.P99Micros, [Peer.Epoll], AtLeast: false, null),
        new(Workload.Open1000, "p99 from when a message was due", slice => slice.P99Micros, [Peer.Epoll], AtLeast: false, null),
        new(Workload.Idle, "resident KiB per connection", slice => slice.BytesPerConnection / 1024, [], AtLeast: false, 1.5),
        new(Workload.Allocations, "bytes allocated per message", slice => slice.AllocatedPerMessage, [], AtLeast: false, MostAllocated),
        new(Workload.Polled, "messages per second", slice => slice.Rate, [Peer.Service], AtLeast: true, 0.97),
    ];

    /// <summary>Name of what it is compared with.</summary>
    public string Against => To switch
    {
        [] => "",
        _ when Workload == Workload.Polled => "unpolled",
        [var peer] => peer.Title,
        _ => $"the best of {string.Join(", ", To.Select(peer => peer.Title))}",
    };

    /// <summary>The side of the ratio that is to be small or large.</summary>
    private Peer Subject => Workload == Workload.Polled ? Peer.ServicePolled : Peer.Service;

    public Quartiles? Value(WorkloadResult result) => To.Count == 0
        ? result.Of(Subject, Of)
        : result.Ratio(Subject, To, Of);

    public bool IsMetBy(double value) => AtLeast ? value >= Limit : value <= Limit;

    private static Target Cpu(Workload workload, double limit, Peer to) => Cpu(workload, limit, [to]);

    private static Target Cpu(Workload workload, double limit, IReadOnlyList<Peer> to) =>
        new(workload, $"server CPU per {workload.Unit}", slice => slice.CpuMicros, to, AtLeast: false, limit);

    private static Target Rate(Workload workload, double limit, Peer to) =>
        new(workload, $"{workload.Units} per second", slice => slice.Rate, [to], AtLeast: true, limit);
}
