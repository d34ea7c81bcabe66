using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>The service as a process of its own, for what cannot be tried on the process that runs the tests.</summary>
internal sealed partial class EchoProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private EchoTarget? _target;
    private Uri? _management;

    private EchoProcess(Process process)
    {
        _process = process;
        _process.OutputDataReceived += Keep;
        _process.ErrorDataReceived += Keep;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();

        void Keep(object sender, DataReceivedEventArgs line)
        {
            if (line.Data is { } text)
            {
                _output.Enqueue(text);
            }
        }
    }

    /// <summary>Where it is, and what its management API tells.</summary>
    public EchoTarget Target => _target!;

    public IPEndPoint EndPoint => Target.EndPoint;

    public bool HasExited => _process.HasExited;

    /// <summary>File descriptors it has open.</summary>
    public int OpenFiles => Directory.GetFileSystemEntries($"/proc/{Pid}/fd").Length;

    private string Pid => _process.Id.ToString(CultureInfo.InvariantCulture);

    /// <summary>Starts it on ports of its own and waits until it listens.</summary>
    /// <param name="openFiles">The most file descriptors that it may have.</param>
    /// <param name="settings">What differs from the defaults, as <c>Echo:MaxConnections=2</c>.</param>
    public static async Task<EchoProcess> StartAsync(int openFiles, params string[] settings)
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        // Both limits, hard and soft: the runtime raises the soft one as far as it may.
        start.ArgumentList.Add($"ulimit -n {openFiles.ToString(CultureInfo.InvariantCulture)}; exec dotnet \"$0\" \"$@\"");
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "EchoService.dll"));
        foreach (var setting in settings.Prepend("Echo:Port=0").Prepend("urls=http://127.0.0.1:0"))
        {
            start.ArgumentList.Add($"--{setting}");
        }

        var service = new EchoProcess(Process.Start(start)!);
        try
        {
            var echo = EchoPort().Match(await service.WaitForOutputAsync("Echo listening on"));
            var endPoint = new IPEndPoint(IPAddress.Loopback, int.Parse(echo.Groups[1].Value, CultureInfo.InvariantCulture));
            service._management = new Uri(ManagementUri().Match(await service.WaitForOutputAsync("Management listening on")).Value);
            service._target = new EchoTarget(endPoint, service._management);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>A client for its management API.</summary>
    public HttpClient OpenManagement() => new() { BaseAddress = _management };

    /// <summary>Waits for a line of its output that contains <paramref name="text"/>, and returns it.</summary>
    public async Task<string> WaitForOutputAsync(string text)
    {
        var line = await Eventually.BecomesAsync(
            () => Task.FromResult(_output.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal))),
            line => line is not null || _process.HasExited,
            text: $"a line with \"{text}\"");
        return line ?? throw new ShouldAssertException($"The service ended with {_process.ExitCode} and never said \"{text}\":\n{string.Join('\n', _output)}");
    }

    /// <summary>Sets the most file descriptors that it may have from now on.</summary>
    public Task LimitOpenFilesAsync(int count) => RunAsync("prlimit", $"--pid={Pid}", $"--nofile={count.ToString(CultureInfo.InvariantCulture)}");

    /// <summary>Sends a signal, as <c>TERM</c> or <c>INT</c>.</summary>
    public Task SignalAsync(string name) => RunAsync("/bin/sh", "-c", $"kill -{name} {Pid}");

    /// <summary>Waits until it has ended, and returns its exit code.</summary>
    public async Task<int> WaitForExitAsync()
    {
        await Eventually.TrueAsync(() => _process.HasExited);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (_target is not null)
        {
            await _target.DisposeAsync();
        }

        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    private static async Task RunAsync(string command, params string[] arguments)
    {
        using var process = Process.Start(command, arguments);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        process.ExitCode.ShouldBe(0);
    }

    [GeneratedRegex(@"listening on \S+:(\d+) ")]
    private static partial Regex EchoPort();

    [GeneratedRegex(@"http://\S+")]
    private static partial Regex ManagementUri();
}
