using System.Globalization;

namespace EchoService.Bench;

/// <summary>What one load generator run does, and what one unit of it is called.</summary>
/// <param name="Name">Key in options and results.</param>
/// <param name="Group"><c>main</c>, <c>connections</c>, <c>sizes</c> or <c>threads</c>.</param>
/// <param name="Title">Heading in tables.</param>
/// <param name="Mode">Mode of the load generator.</param>
/// <param name="Connections">Connections at a time, the firehose not counted.</param>
/// <param name="Size">Bytes in a message or, streaming, under way on a connection.</param>
internal sealed record Workload(string Name, string Group, string Title, string Mode, int Connections, int Size)
{
    /// <summary>Where cost is only followed as something grows.</summary>
    public static readonly IReadOnlyList<Peer> GrowthPeers = [Peer.Service, Peer.Epoll, Peer.Go];

    private static readonly IReadOnlyList<Peer> Standard =
        [Peer.Service, Peer.Epoll, Peer.EpollEdge, Peer.Uring, Peer.Go, Peer.Kestrel, Peer.Await, Peer.Sample];

    /// <summary>Where nothing is to be reached against every other .NET server: each takes eight seconds to warm.</summary>
    private static readonly IReadOnlyList<Peer> WithoutAsyncSockets =
        [Peer.Service, Peer.Epoll, Peer.EpollEdge, Peer.Uring, Peer.Go, Peer.Kestrel];

    public static readonly Workload Closed1 = new("closed-1", "main", "1 connection × 64 B, closed loop", "closed", 1, 64) { Peers = WithoutAsyncSockets };

    public static readonly Workload Closed64 = new("closed-64", "main", "64 connections × 64 B, closed loop", "closed", 64, 64);

    public static readonly Workload Closed1000 = new("closed-1000", "main", "1,000 connections × 64 B, closed loop", "closed", 1_000, 64);

    public static readonly Workload Closed10000 = new("closed-10000", "main", "10,000 connections × 64 B, closed loop", "closed", 10_000, 64) { Peers = WithoutAsyncSockets };

    public static readonly Workload Closed4K = new("closed-4k", "main", "64 connections × 4 KiB, closed loop", "closed", 64, 4_096);

    public static readonly Workload Closed16K = OfSize(16_384);

    public static readonly Workload Stream = new("stream", "main", "8 connections × 256 KiB, streaming", "stream", 8, 256 * 1024);

    public static readonly Workload Churn = new("churn", "main", "Connect, echo 64 B, close; 64 at a time", "churn", 64, 64);

    public static readonly Workload Mixed = new("mixed", "main", "64 chatty connections × 64 B beside one firehose of 4 MiB messages", "mixed", 64, 64) { Peers = WithoutAsyncSockets };

    public static readonly Workload Udp = new("udp", "main", "64 sockets × 64 B datagrams over UDP, closed loop", "udp", 64, 64) { Peers = [Peer.Service, Peer.Epoll] };

    public static readonly Workload Open64 = Open("open-64", 64);

    public static readonly Workload Open1000 = Open("open-1000", 1_000);

    public static readonly Workload Idle = new("idle", "main", "18,000 idle connections after one byte each", "idle", 18_000, 1);

    public static readonly Workload Polled = new("polled", "main", "10,000 connections × 64 B, `/clients?limit=100` and `/metrics` read every second", "closed", 10_000, 64)
    {
        Peers = [Peer.Service, Peer.ServicePolled],
        Baseline = Peer.Service,
        LeastSeconds = 5,
    };

    public static readonly Workload Allocations = new("allocations", "main", "Managed allocation, 64 connections × 64 B", "closed", 64, 64)
    {
        Peers = [Peer.Service],
        LeastSeconds = 15,
    };

    /// <summary>How cost grows with connections. What is measured for its own sake is not measured again.</summary>
    public static readonly IReadOnlyList<Workload> ByConnections =
        [Closed1, OfConnections(8), Closed64, OfConnections(512), Closed1000, OfConnections(4_000), Closed10000, OfConnections(18_000)];

    /// <summary>How cost grows with the size of a message.</summary>
    public static readonly IReadOnlyList<Workload> BySize =
        [OfSize(1), Closed64, OfSize(1_024), Closed4K, Closed16K, OfSize(65_536), OfSize(262_144), OfSize(1_048_576)];

    public static readonly IReadOnlyList<Workload> ByThreads =
        [.. from connections in new[] { 64, 1_000 }
            from threads in new[] { 1, 2, 8 }
            select new Workload($"threads-{threads}-{connections}", "threads", $"{connections:N0} connections × 64 B, closed loop{On(threads)}", "closed", connections, 64)
            { Peers = [Peer.Service, Peer.Epoll], Threads = threads }];

    public static readonly IReadOnlyList<Workload> All =
    [
        Closed64,
        Closed1000,
        Closed1,
        Closed10000,
        Closed4K,
        Stream,
        Churn,
        Mixed,
        Udp,
        Open64,
        Open1000,
        Idle,
        Polled,
        Allocations,
        .. ByConnections.Where(workload => workload.Group == "connections"),
        .. BySize.Where(workload => workload.Group == "sizes"),
        .. ByThreads,
    ];

    /// <summary>Messages a second in all, where the load does not wait for answers; known once the pass has begun.</summary>
    public double Rate { get; init; }

    /// <summary>Threads that serve sockets, on both cores like the load; 0: the server has one core to itself, and what its runtime makes of that.</summary>
    public int Threads { get; private init; }

    /// <summary>Those measured unless the options say otherwise.</summary>
    public IReadOnlyList<Peer> Peers { get; private init; } = Standard;

    /// <summary>Whether it is measured with a peer, where that is asked for.</summary>
    public bool Takes(Peer peer) =>
        (Threads == 0 || peer.Threads != SocketThreads.Fixed)
        && (Peers.Contains(peer)
            || (peer == Peer.ServiceJit && Peers.Contains(Peer.Service))
            || ((peer == Peer.Bare || peer == Peer.EpollCSharp) && Peers.Contains(Peer.Epoll) && Mode != "udp"));

    /// <summary>Whether <see cref="With"/> makes sense: a closed loop beside the C server.</summary>
    public bool TakesThreads => Mode == "closed" && Threads == 0 && Peers.Contains(Peer.Epoll);

    /// <summary>The same with so many socket threads.</summary>
    public Workload With(int threads) => this with
    {
        Name = $"{Name}-threads-{threads}",
        Title = Title + On(threads),
        Threads = threads,
    };

    /// <summary>The same load in a closed loop.</summary>
    public Workload AsClosedLoop() => Mode == "open" ? this with { Mode = "closed" } : this;

    private static Workload OfConnections(int count) =>
        new($"connections-{count}", "connections", $"{count:N0} connections × 64 B, closed loop", "closed", count, 64) { Peers = GrowthPeers };

    private static Workload OfSize(int size) =>
        new($"size-{size}", "sizes", $"64 connections × {FormatSize(size)}, closed loop", "closed", 64, size) { Peers = GrowthPeers };

    private static Workload Open(string name, int connections) =>
        new(name, "main", $"{connections:N0} connections × 64 B at half the rate that C epoll reaches, open loop", "open", connections, 64)
        {
            Peers = [Peer.Service, Peer.Epoll, Peer.Go],
        };

    private static string On(int threads) => $", {threads} socket thread{(threads == 1 ? "" : "s")}";

    /// <summary>The peer that ratios refer to.</summary>
    public Peer Baseline { get; private init; } = Peer.Epoll;

    /// <summary>A slice is at least this long. A turn of 10,000 connections takes a good part of a second.</summary>
    public double LeastSeconds { get; private init; } = Connections >= 4_000 ? 2 : 0;

    /// <summary>What rate and cost are counted in.</summary>
    public string Unit => Mode switch { "stream" => "MiB", "churn" => "connection", "udp" => "datagram", _ => "message" };

    public string Units => Unit == "MiB" ? Unit : Unit + "s";

    /// <summary>One workload, or a group with what else its table shows.</summary>
    public static IEnumerable<Workload> Named(string name) => name switch
    {
        "connections" => ByConnections,
        "sizes" => BySize,
        _ => All.Where(workload => workload.Name == name || workload.Group == name),
    };

    public static string FormatSize(int bytes) => bytes switch
    {
        >= 1024 * 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1024 * 1024)} MiB"),
        >= 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024} KiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
    };
}
