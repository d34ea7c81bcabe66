using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace EchoService.Bench;

internal sealed class BenchOptions
{
    public const string Usage = """
        usage: bench/run.sh [--quick] [--publish] [--render] [--workloads A,B] [--peers A,B]
                            [--passes N] [--rounds N] [--seconds S] [--threads N]
                            [--server-cpu N] [--load-cpu N]
          --quick      the guard: fails when the service lost its speed altogether, or the guard its teeth
          --publish    keep the results in docs/performance/ and write tables and charts from them
          --render     write tables and charts again from what was published; measures nothing
          --workloads  names, or the groups main, connections, sizes, threads (default: all)
          --peers      names (default: all but service-jit, bare and epoll-cs); epoll is always there, since ratios refer to it
          --passes     times that servers are started afresh per workload (default 3)
          --rounds     slices per peer in a pass, taken in turn with the other peers (default 3)
          --seconds    length of a slice, unless the workload needs longer ones (default 0.7)
          --threads    socket threads, for the closed loops among the workloads and the peers that can be told;
                       server and load share both cores then
        """;

    /// <summary>Root of the repository.</summary>
    public string Root { get; private set; } = Directory.GetCurrentDirectory();

    public bool Quick { get; private set; }

    public bool Publish { get; private set; }

    public bool RenderOnly { get; private set; }

    public IReadOnlyList<Workload> Workloads { get; private set; } = Workload.All;

    /// <summary>Null stands for the peers that each workload names.</summary>
    public IReadOnlyList<Peer>? Peers { get; private set; }

    public int Passes { get; private set; } = 3;

    public int Rounds { get; private set; } = 3;

    public double Seconds { get; private set; } = 0.7;

    public int ServerCpu { get; private set; }

    public int LoadCpu { get; private set; } = 1;

    /// <summary>Socket threads for closed loops that do not say themselves; 0: the servers' own choice, on one core.</summary>
    public int Threads { get; private set; }

    /// <summary>Where <c>run.sh</c> puts what it builds.</summary>
    public string BinaryPath => Path.Combine(Root, "artifacts", "bench");

    public string ResultsPath => Path.Combine(BinaryPath, "results.json");

    public string DocsPath => Path.Combine(Root, "docs");

    public string PublishedResultsPath => Path.Combine(DocsPath, "performance", "results.json");

    /// <summary>Cores of the server, as <c>taskset</c> takes them: with several socket threads it may run on both.</summary>
    public string ServerCpus(Workload workload) => workload.Threads > 0 ? $"{ServerCpu},{LoadCpu}" : $"{ServerCpu}";

    /// <summary>Cores of the load, as <c>taskset</c> takes them.</summary>
    public string LoadCpus(Workload workload) => workload.Threads > 0 ? $"{ServerCpu},{LoadCpu}" : $"{LoadCpu}";

    public static bool TryParse(
        string[] args, [NotNullWhen(true)] out BenchOptions? options, [NotNullWhen(false)] out string? problem)
    {
        options = new BenchOptions();
        for (var i = 0; i < args.Length; i++)
        {
            var name = args[i];
            if (name is "--quick" or "--publish" or "--render")
            {
                options.Quick |= name == "--quick";
                options.Publish |= name is "--publish" or "--render";
                options.RenderOnly |= name == "--render";
                continue;
            }

            if (++i == args.Length || !options.TrySet(name, args[i]))
            {
                problem = i == args.Length ? $"{name}: unknown, or its value is missing" : $"{name}: '{args[i]}' is not allowed";
                options = null;
                return false;
            }
        }

        if (options.Threads > 0)
        {
            if (options.Publish)
            {
                problem = "--threads: what is published has its number of threads in its name, in the group threads";
                options = null;
                return false;
            }

            var threads = options.Threads;
            options.Workloads = [.. options.Workloads.Where(workload => workload.TakesThreads).Select(workload => workload.With(threads))];
        }

        if (options.Quick)
        {
            (options.Passes, options.Rounds, options.Seconds) = (1, 5, 0.5);
        }

        problem = null;
        return true;
    }

    private bool TrySet(string name, string value)
    {
        switch (name)
        {
            case "--root":
                Root = Path.GetFullPath(value);
                return Directory.Exists(Root);
            case "--workloads":
                Workloads = [.. value.Split(',').SelectMany(Workload.Named).Distinct()];
                return value.Split(',').All(part => Workload.Named(part).Any());
            case "--peers":
                Peers = [.. Peer.All.Where(peer => peer == Peer.Epoll || value.Split(',').Contains(peer.Name))];
                return value.Split(',').All(part => Peer.All.Any(peer => peer.Name == part));
            case "--passes":
                return TryParseCount(value, least: 1, out var passes) && (Passes = passes) > 0;
            case "--rounds":
                return TryParseCount(value, least: 1, out var rounds) && (Rounds = rounds) > 0;
            case "--seconds":
                var parsed = double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds);
                Seconds = seconds;
                return parsed && seconds is >= 0.1 and <= 600;
            case "--threads":
                return TryParseCount(value, least: 1, out var threads) && (Threads = threads) <= 64;
            case "--server-cpu":
                return TryParseCount(value, least: 0, out var serverCpu) && (ServerCpu = serverCpu) >= 0;
            case "--load-cpu":
                return TryParseCount(value, least: 0, out var loadCpu) && (LoadCpu = loadCpu) >= 0;
            default:
                return false;
        }
    }

    private static bool TryParseCount(string text, int least, out int value) =>
        int.TryParse(text, CultureInfo.InvariantCulture, out value) && value >= least;
}
