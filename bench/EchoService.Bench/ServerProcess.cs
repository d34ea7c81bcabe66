using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace EchoService.Bench;

/// <summary>A peer that runs, on the server's core or cores.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    /// <summary>The processor time of a process is counted in ticks of 10 ms.</summary>
    private static readonly TimeSpan TwoTicks = TimeSpan.FromMilliseconds(20);

    /// <summary>For 18,000 connections to be closed; who is not done by then is never done.</summary>
    private static readonly TimeSpan SettleTimeout = TimeSpan.FromSeconds(3);

    // signal(7), the same on x64 and arm64.
    private const int SIGCONT = 18;
    private const int SIGSTOP = 19;

    /// <summary>Read by the runtime at its first socket (SocketAsyncEngine.Unix.cs).</summary>
    private const string ThreadCountVariable = "DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT";

    private readonly Process _process;
    private volatile string? _complaint;

    private ServerProcess(Process process, int port, int managementPort)
    {
        _process = process;
        Port = port;
        ManagementPort = managementPort;
        // Of a stack overflow's tens of thousands of lines the first says it all.
        process.ErrorDataReceived += (_, e) => _complaint ??= e.Data;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Port { get; }

    public int ManagementPort { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>First line of what the server wrote to stderr.</summary>
    public string Complaint => _complaint ?? "nothing on stderr";

    public static async Task<ServerProcess> StartAsync(
        BenchOptions options, Peer peer, Workload workload, CancellationToken cancellationToken)
    {
        var (port, managementPort) = (FreePort(), FreePort());
        var program = Path.Combine(options.BinaryPath, peer.Program);
        if (!File.Exists(program))
        {
            throw new BenchException($"{program} is not there; bench/run.sh builds it");
        }

        var arguments = $"{peer.Arguments} {ExtraArguments(peer, workload)}"
            .Replace("{port}", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{management}", managementPort.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var start = new ProcessStartInfo("taskset", $"-c {options.ServerCpus(workload)} {program} {arguments}")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(program),
        };
        RemoveTuning(start.Environment);
        if (workload.Threads > 0 && peer.Threads == SocketThreads.RuntimeVariable)
        {
            start.Environment[ThreadCountVariable] = workload.Threads.ToString(CultureInfo.InvariantCulture);
        }

        var server = new ServerProcess(Process.Start(start)!, port, managementPort);
        try
        {
            await server.WaitUntilReadyAsync(peer, cancellationToken);
            return server;
        }
        catch
        {
            server.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Has it stand still once it has closed its connections: what it has to do for itself, such as to compile what it
    /// ran, is not to take time from another one's slice.
    /// </summary>
    public async Task PauseAsync(CancellationToken cancellationToken)
    {
        var began = Stopwatch.GetTimestamp();
        TimeSpan before;
        do
        {
            before = ProcessorTime();
            await Task.Delay(TwoTicks, cancellationToken);
        }
        while (ProcessorTime() > before && Stopwatch.GetElapsedTime(began) < SettleTimeout);
        Signal(SIGSTOP);
    }

    /// <summary>Lets it go on after <see cref="PauseAsync"/>.</summary>
    public void Resume() => Signal(SIGCONT);

    public void Dispose()
    {
        // Killed, not stopped: a graceful stop would only cost time, and there is nothing to lose.
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.WaitForExit();
        _process.Dispose();
    }

    /// <summary>
    /// The service's limit of 10,000 connections is a default that protects, as is UDP being off and limited by rate;
    /// a workload that needs more raises it, as its operator would. Threads aside, nothing else is ever changed.
    /// </summary>
    private static string ExtraArguments(Peer peer, Workload workload)
    {
        if (peer.Threads == SocketThreads.Argument && workload.Threads > 0)
        {
            return workload.Threads.ToString(CultureInfo.InvariantCulture);
        }

        return peer.Arguments != Peer.Service.Arguments ? ""
            : workload.Mode == "udp" ? "--Echo:Udp:Enabled=true --Echo:Udp:RatePerSource=1000000"
            : workload.Connections > 10_000 ? "--Echo:MaxConnections=20000"
            : "";
    }

    /// <summary>Every peer runs as it comes: nothing in the caller's environment may tune a runtime.</summary>
    private static void RemoveTuning(IDictionary<string, string?> environment)
    {
        string[] prefixes = ["DOTNET_", "COMPlus_", "ASPNETCORE_", "Echo__", "Drain__", "Management__", "Kestrel__", "GO"];
        foreach (var name in environment.Keys.ToArray())
        {
            if (name != "DOTNET_ROOT" && prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
            {
                environment.Remove(name);
            }
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    private static extern int Kill(int processId, int signal);

    private TimeSpan ProcessorTime()
    {
        _process.Refresh();
        try
        {
            return _process.TotalProcessorTime;
        }
        catch (InvalidOperationException)
        {
            // It has crashed.
            return TimeSpan.Zero;
        }
    }

    private void Signal(int signal)
    {
        if (!HasExited)
        {
            _ = Kill(Id, signal);
        }
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private async Task WaitUntilReadyAsync(Peer peer, CancellationToken cancellationToken)
    {
        var started = Stopwatch.StartNew();
        while (true)
        {
            if (_process.HasExited)
            {
                throw new BenchException($"{peer.Name} ended with code {_process.ExitCode} at its start: {Complaint}");
            }

            try
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(IPAddress.Loopback, Port, cancellationToken);
                return;
            }
            catch (SocketException e)
            {
                if (started.Elapsed > StartTimeout)
                {
                    throw new BenchException($"{peer.Name} does not take connections on port {Port}: {e.Message}");
                }

                await Task.Delay(50, cancellationToken);
            }
        }
    }
}
