using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace EchoService.Bench;

/// <summary>A peer that runs, pinned to the server's core.</summary>
internal sealed class ServerProcess : IDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

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
        BenchOptions options, Peer peer, string extraArguments, CancellationToken cancellationToken)
    {
        var (port, managementPort) = (FreePort(), FreePort());
        var program = Path.Combine(options.BinaryPath, peer.Program);
        if (!File.Exists(program))
        {
            throw new BenchException($"{program} is not there; bench/run.sh builds it");
        }

        var arguments = $"{peer.Arguments} {extraArguments}"
            .Replace("{port}", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{management}", managementPort.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
        var start = new ProcessStartInfo("taskset", $"-c {options.ServerCpu} {program} {arguments}")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(program),
        };
        RemoveTuning(start.Environment);
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
