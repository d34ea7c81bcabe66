using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>The service as a process of its own, for what cannot be tried on the process that runs the tests.</summary>
internal sealed partial class EchoProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();

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

    /// <summary>The port that its log says it echoes on.</summary>
    public string EchoPort { get; private set; } = "";

    public bool HasExited => _process.HasExited;

    /// <summary>Starts it and waits until it listens.</summary>
    /// <param name="openFiles">The most file descriptors it may have.</param>
    /// <param name="settings">Its configuration, as <c>Echo:Port=0</c>.</param>
    public static async Task<EchoProcess> StartAsync(int openFiles, params string[] settings)
    {
        var start = new ProcessStartInfo("/bin/sh") { RedirectStandardOutput = true, RedirectStandardError = true };
        // Both limits, hard and soft: the runtime raises the soft one as far as it may.
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add($"ulimit -n {openFiles.ToString(CultureInfo.InvariantCulture)}; exec dotnet \"$0\" \"$@\"");
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "EchoService.dll"));
        foreach (var setting in settings)
        {
            start.ArgumentList.Add($"--{setting}");
        }

        var service = new EchoProcess(Process.Start(start)!);
        try
        {
            var line = await service.WaitForOutputAsync("Echo listening on");
            service.EchoPort = EndPointPort().Match(line).Groups[1].Value;
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits for a line of its output that contains <paramref name="text"/>, and returns it.</summary>
    public async Task<string> WaitForOutputAsync(string text)
    {
        var line = await Eventually.BecomesAsync(
            () => Task.FromResult(_output.FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal))),
            line => line is not null || _process.HasExited,
            text: $"a line with \"{text}\"");
        return line ?? throw new ShouldAssertException($"The service ended with {_process.ExitCode} and never said \"{text}\":\n{string.Join('\n', _output)}");
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
    }

    [GeneratedRegex(@"listening on \S+:(\d+) ")]
    private static partial Regex EndPointPort();
}
