namespace EchoService.Bench;

/// <summary>A server that is measured.</summary>
/// <param name="Name">Key in options and results.</param>
/// <param name="Title">Name in tables and charts.</param>
/// <param name="Program">Executable, relative to <see cref="BenchOptions.BinaryPath"/>.</param>
/// <param name="Arguments">Its arguments; <c>{port}</c> and <c>{management}</c> are filled in.</param>
/// <param name="Polled">Whether the management API is polled every second while it is measured.</param>
internal sealed record Peer(string Name, string Title, string Program, string Arguments, bool Polled = false)
{
    /// <summary>Load before the first slice. Code that is compiled ahead needs none to speak of.</summary>
    private const double ShortWarmup = 1;

    private const string ServiceArguments = "--Echo:Port={port} --urls http://127.0.0.1:{management}";

    public static readonly Peer Service = new("service", "EchoService", "service/EchoService", ServiceArguments) { Warmup = ShortWarmup, Threads = SocketThreads.RuntimeVariable };

    /// <summary>The same compiled as it runs, as <c>dotnet run</c> does it; only measured when it is named.</summary>
    public static readonly Peer ServiceJit = new("service-jit", "EchoService, JIT", "service-jit/EchoService", ServiceArguments) { Threads = SocketThreads.RuntimeVariable };

    public static readonly Peer ServicePolled = Service with { Name = "service-polled", Title = "EchoService, polled", Polled = true };

    public static readonly Peer Epoll = new("epoll", "C epoll, level-triggered", "echo_epoll", "{port} lt") { Warmup = ShortWarmup, Threads = SocketThreads.Argument };

    public static readonly Peer EpollEdge = new("epoll-et", "C epoll, edge-triggered", "echo_epoll", "{port} et") { Warmup = ShortWarmup, Threads = SocketThreads.Argument };

    public static readonly Peer Uring = new("io_uring", "C io_uring", "echo_uring", "{port}") { Warmup = ShortWarmup };

    public static readonly Peer Go = new("go", "Go net", "echo_go", "{port}") { Warmup = ShortWarmup };

    public static readonly Peer Kestrel = new("kestrel", "Kestrel", "peers/echo-peers", "kestrel {port}");

    public static readonly Peer Await = new("await", "Socket with await", "peers/echo-peers", "await {port}");

    public static readonly Peer Sample = new("sample", "Microsoft's sample", "peers/echo-peers", "sample {port}");

    /// <summary>The least that can be written on SocketAsyncEventArgs; only measured when it is named.</summary>
    public static readonly Peer Bare = new("bare", "Bare SocketAsyncEventArgs", "floor/echo-floor", "bare {port}") { Warmup = ShortWarmup, Threads = SocketThreads.RuntimeVariable };

    /// <summary>The C server in C#, with no socket class in the way; only measured when it is named.</summary>
    public static readonly Peer EpollCSharp = new("epoll-cs", "epoll from C#", "floor/echo-floor", "epoll {port}") { Warmup = ShortWarmup };

    /// <summary>Only for the guard, which has to fail on it.</summary>
    public static readonly Peer Degraded = new("degraded", "Degraded server", "peers/echo-peers", "degraded {port} {management}");

    /// <summary>
    /// Seconds of load before the first slice. After eight the .NET runtime has compiled the hot code at its last tier;
    /// after three it is still at it, which shows in the 99th percentile.
    /// </summary>
    public double Warmup { get; private init; } = 8;

    public SocketThreads Threads { get; private init; }

    public static readonly IReadOnlyList<Peer> All = [Service, ServiceJit, Epoll, EpollEdge, Uring, Go, Kestrel, Await, Sample, Bare, EpollCSharp, ServicePolled];
}
