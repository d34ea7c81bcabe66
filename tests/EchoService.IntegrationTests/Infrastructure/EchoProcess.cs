using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>The service as a process of its own, for what cannot be tried on the process that runs the tests.</summary>
internal sealed partial class EchoProcess : IAsyncDisposable
{
    private static int _addresses;

    private readonly ChildProcess _process;
    private EchoTarget? _target;
    private Uri? _management;

    private EchoProcess(ChildProcess process) => _process = process;

    /// <summary>Where it is, and what its management API tells.</summary>
    public EchoTarget Target => _target!;

    public IPEndPoint EndPoint => Target.EndPoint;

    /// <summary>Where it echoes after a banner; for one that was started with <c>Echo:BannerPort=0</c>.</summary>
    public async Task<IPEndPoint> BannerEndPointAsync() =>
        new(IPAddress.Loopback, int.Parse(EchoPort().Match(await WaitForOutputAsync("with a banner")).Groups[1].Value, CultureInfo.InvariantCulture));

    /// <summary>Where its management API is.</summary>
    public Uri ManagementUri => _management!;

    public bool HasExited => _process.HasExited;

    /// <summary>What it has written so far.</summary>
    public string Output => _process.Output;

    /// <summary>What it has written to standard error so far.</summary>
    public string Error => _process.Error;

    /// <summary>File descriptors it has open.</summary>
    public int OpenFiles => Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Length;

    /// <summary>Memory that it has in use.</summary>
    public long ResidentMebibytes => Status("VmRSS:") >> 10;

    /// <summary>Processor time that it has used, of all its threads.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            using var process = System.Diagnostics.Process.GetProcessById(_process.Id);
            return process.TotalProcessorTime;
        }
    }

    /// <summary>What they are.</summary>
    public IReadOnlyList<string> OpenFileLinks => [.. Directory.GetFileSystemEntries($"/proc/{_process.Id}/fd").Select(file => new FileInfo(file).LinkTarget).OfType<string>()];

    /// <summary>Starts it on ports of its own and waits until it listens.</summary>
    /// <param name="settings">What differs from the defaults, as <c>Echo:MaxConnections=2</c>.</param>
    public static Task<EchoProcess> StartAsync(params string[] settings) =>
        WaitUntilItListensAsync(ChildProcess.StartBuilt("EchoService", Arguments(settings), start => start.WorkingDirectory = Path.GetPathRoot(Repository.Root)!));

    /// <summary>The same in a network of its own, where nobody outside can reach it.</summary>
    public static Task<EchoProcess> StartInAsync(NetworkNamespace network, params string[] settings) =>
        WaitUntilItListensAsync(network.Start(["dotnet", Path.Combine(AppContext.BaseDirectory, "EchoService.dll"), .. Arguments(settings)]));

    /// <summary>The same with a banner that says where it can be asked.</summary>
    public static Task<EchoProcess> StartWithBannerAsync(params string[] settings)
    {
        // The banner has to be told before a port is known, so each has another address too, and all have one port there.
        var number = Interlocked.Increment(ref _addresses);
        var url = string.Create(CultureInfo.InvariantCulture, $"http://127.{64 + (Environment.ProcessId % 128)}.{Environment.ProcessId / 128 % 256}.{1 + (number % 250)}:18080");
        return StartAsync(["Echo:BannerPort=0", $"urls=http://127.0.0.1:0;{url}", $"Management:PublicUrl={url}", .. settings]);
    }

    /// <summary>The same with few file descriptors, where there is a shell.</summary>
    /// <param name="openFiles">The most that it may have.</param>
    /// <param name="settings">What differs from the defaults, as <c>Echo:MaxConnections=2</c>.</param>
    public static Task<EchoProcess> StartAsync(int openFiles, params string[] settings) => StartAsync(openFiles, Environment.ProcessorCount, settings);

    /// <summary>The same on few processors, on Linux.</summary>
    /// <param name="openFiles">The most file descriptors that it may have.</param>
    /// <param name="processors">How many of this process's own processors it runs on, where there are so many.</param>
    /// <param name="settings">What differs from the defaults, as <c>Echo:MaxConnections=2</c>.</param>
    public static Task<EchoProcess> StartAsync(int openFiles, int processors, params string[] settings) =>
        StartByShellAsync(openFiles, OnProcessors(processors), settings);

    /// <summary>The same with a number of socket threads that is not that of processors.</summary>
    public static Task<EchoProcess> StartWithSocketThreadsAsync(int openFiles, int socketThreads) =>
        StartByShellAsync(openFiles, string.Create(CultureInfo.InvariantCulture, $"env DOTNET_SYSTEM_NET_SOCKETS_THREAD_COUNT={socketThreads} "), []);

    /// <summary>Waits until somebody follows its events, and has been sent the first.</summary>
    public async Task WaitForEventReaderAsync()
    {
        using var management = OpenManagement();
        await Eventually.TrueAsync(async () =>
        {
            var stats = await management.GetFromJsonAsync<JsonElement>("/stats", TestContext.Current.CancellationToken);
            return stats.GetProperty("management").GetProperty("eventStreams").GetInt32() > 0;
        });
        // Who comes after it is not sent any before.
        using var events = new StreamReader(await management.GetStreamAsync("/events", TestContext.Current.CancellationToken));
        (await events.ReadLineAsync(TestContext.Current.CancellationToken)).ShouldBe("event: stats");
    }

    /// <summary>A client for its management API.</summary>
    public HttpClient OpenManagement() => new() { BaseAddress = _management };

    /// <summary>Waits for a line of its output that contains <paramref name="text"/>, and returns it.</summary>
    public Task<string> WaitForOutputAsync(string text) => _process.WaitForLineAsync(text);

    /// <summary>Sets the most file descriptors that it may have from now on.</summary>
    public async Task LimitOpenFilesAsync(int count) =>
        (await ChildProcess.RunAsync("prlimit", $"--pid={_process.Id}", $"--nofile={count.ToString(CultureInfo.InvariantCulture)}:")).ShouldSucceed();

    /// <summary>Has all its threads run on one processor, on Linux.</summary>
    public async Task UseOneProcessorAsync() =>
        (await ChildProcess.RunAsync("taskset", "--all-tasks", "--pid", "--cpu-list", "0", _process.Id.ToString(CultureInfo.InvariantCulture))).ShouldSucceed();

    /// <summary>Has it stand still, as SIGSTOP does, until <see cref="Resume"/>.</summary>
    public void Suspend() => _process.Suspend();

    public void Resume() => _process.Resume();

    /// <summary>Leaves unread what it writes from now on, a line or two apart, until <see cref="ReadOn"/>.</summary>
    public void LeaveUnread() => _process.LeaveUnread();

    public void ReadOn() => _process.ReadOn();

    public void Signal(PosixSignal signal) => _process.Signal(signal);

    public Task KillAsync() => _process.KillAsync();

    /// <summary>Waits until it has ended, and returns its exit code.</summary>
    public async Task<int> WaitForExitAsync() => (await _process.ExitAsync()).ExitCode;

    public async ValueTask DisposeAsync()
    {
        if (_target is not null)
        {
            await _target.DisposeAsync();
        }

        await _process.DisposeAsync();
    }

    private static async Task<EchoProcess> WaitUntilItListensAsync(ChildProcess process)
    {
        var service = new EchoProcess(process);
        try
        {
            var echo = EchoPort().Match(await service.WaitForOutputAsync("Echo listening on"));
            var endPoint = new IPEndPoint(IPAddress.Loopback, int.Parse(echo.Groups[1].Value, CultureInfo.InvariantCulture));
            service._management = new Uri(ManagementAddress().Match(await service.WaitForOutputAsync("Management listening on")).Value);
            service._target = new EchoTarget(endPoint, service._management);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    private static Task<EchoProcess> StartByShellAsync(int openFiles, string prefix, string[] settings)
    {
        // Both limits, hard and soft: the runtime raises the soft one as far as it may.
        var script = $"ulimit -n {openFiles.ToString(CultureInfo.InvariantCulture)}; exec {prefix}dotnet \"$0\" \"$@\"";
        return WaitUntilItListensAsync(ChildProcess.Start("/bin/sh", ["-c", script, Path.Combine(AppContext.BaseDirectory, "EchoService.dll"), .. Arguments(settings)]));
    }

    private static string OnProcessors(int count)
    {
        if (count >= Environment.ProcessorCount || !OperatingSystem.IsLinux())
        {
            return "";
        }

        using var self = System.Diagnostics.Process.GetCurrentProcess();
        var affinity = self.ProcessorAffinity;
        var ours = Enumerable.Range(0, 64).Where(processor => ((affinity >> processor) & 1) != 0);
        return $"taskset --cpu-list {string.Join(',', ours.Take(count))} ";
    }

    private static IEnumerable<string> Arguments(string[] settings) =>
        settings.Prepend("Echo:Port=0").Prepend("urls=http://127.0.0.1:0").Select(setting => $"--{setting}");

    private long Status(string name) => long.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").Single(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", "", StringComparison.Ordinal),
        CultureInfo.InvariantCulture);

    [GeneratedRegex(@"listening on \S+:(\d+) ")]
    private static partial Regex EchoPort();

    [GeneratedRegex("""http://[^\s"]+""")]
    private static partial Regex ManagementAddress();
}
