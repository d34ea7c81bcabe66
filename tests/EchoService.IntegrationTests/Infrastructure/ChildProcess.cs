using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>
/// A process that a test starts: its lines as they come, its exit, signals, and its end at the latest with the test.
/// Both streams are read all along, since a full pipe would stop it, unless a test wants to see just that.
/// </summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    /// <summary>Beyond what any command takes that a test runs to its end, on a loaded machine.</summary>
    private static readonly TimeSpan ExitDeadline = TimeSpan.FromSeconds(60);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _output = new();
    private readonly ConcurrentQueue<string> _error = new();
    private readonly Task _reading;
    private TaskCompletionSource? _unread;

    private ChildProcess(Process process)
    {
        _process = process;
        _reading = Task.WhenAll(ReadAsync(process.StandardOutput, _output), ReadAsync(process.StandardError, _error));
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>The lines of standard output so far, each ended by a line feed.</summary>
    public string Output => Text(_output);

    /// <summary>The lines of standard error so far, each ended by a line feed.</summary>
    public string Error => Text(_error);

    /// <summary>Starts a command in the repository's root.</summary>
    /// <param name="command">A name on the PATH, or a path.</param>
    /// <param name="arguments">As they are, without a shell.</param>
    /// <param name="prepare">Changes how it is started: its environment, its folder.</param>
    /// <exception cref="InvalidOperationException">The command is not there.</exception>
    public static ChildProcess Start(string command, IEnumerable<string> arguments, Action<ProcessStartInfo>? prepare = null)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Repository.Root,
        };
        // A .NET process that is killed leaves its sockets and pipes for debuggers behind in /tmp.
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        prepare?.Invoke(start);
        try
        {
            return new ChildProcess(Process.Start(start)!);
        }
        catch (Win32Exception exception)
        {
            throw new InvalidOperationException($"{command} cannot be started: {exception.Message}", exception);
        }
    }

    /// <summary>Starts a program that was built beside the tests, as <c>EchoService</c>, from its assembly.</summary>
    public static ChildProcess StartBuilt(string assembly, IEnumerable<string> arguments, Action<ProcessStartInfo>? prepare = null) =>
        Start("dotnet", arguments.Prepend(Path.Combine(AppContext.BaseDirectory, $"{assembly}.dll")), prepare);

    /// <summary>Runs a command to its end.</summary>
    public static async Task<ProcessResult> RunAsync(string command, params string[] arguments)
    {
        await using var process = Start(command, arguments);
        return await process.ExitAsync();
    }

    /// <summary>Writes to its standard input, and ends that.</summary>
    public async Task WriteInputAsync(string text)
    {
        await _process.StandardInput.WriteAsync(text.AsMemory(), TestContext.Current.CancellationToken);
        _process.StandardInput.Close();
    }

    /// <summary>Waits for a line of either stream that contains <paramref name="text"/>, and returns it.</summary>
    public async Task<string> WaitForLineAsync(string text)
    {
        var line = await Eventually.BecomesAsync(
            () => Task.FromResult(_output.Concat(_error).FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal))),
            line => line is not null || HasExited,
            text: $"a line with \"{text}\"");
        return line ?? throw new ShouldAssertException($"The process ended with {ExitCode} and never said \"{text}\":\n{Output}{Error}");
    }

    /// <summary>Sends a signal; for systems that have them.</summary>
    public void Signal(PosixSignal signal) => Send(signal switch
    {
        PosixSignal.SIGINT => 2,
        PosixSignal.SIGTERM => 15,
        _ => throw new ArgumentOutOfRangeException(nameof(signal), signal, "not one that the tests send"),
    });

    /// <summary>Has it stand still, as SIGSTOP does.</summary>
    public void Suspend() => Send(OperatingSystem.IsMacOS() ? 17 : 19);

    /// <summary>Has it go on, as SIGCONT does.</summary>
    public void Resume() => Send(OperatingSystem.IsMacOS() ? 19 : 18);

    /// <summary>Leaves unread what it writes from now on, a line or two apart.</summary>
    public void LeaveUnread() => Volatile.Write(ref _unread, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    /// <summary>Reads on.</summary>
    public void ReadOn() => Interlocked.Exchange(ref _unread, null)?.SetResult();

    /// <summary>Ends it at once.</summary>
    public async Task KillAsync()
    {
        if (!HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Waits for its end.</summary>
    /// <param name="deadline">A minute where none is given.</param>
    public async Task<ProcessResult> ExitAsync(TimeSpan? deadline = null)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(deadline ?? ExitDeadline);
        try
        {
            await _process.WaitForExitAsync(limit.Token);
            ReadOn();
            await _reading.WaitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException($"{_process.StartInfo.FileName} {string.Join(' ', _process.StartInfo.ArgumentList)} goes on. So far:\n{Output}{Error}");
        }

        return new ProcessResult(ExitCode, Output, Error);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        ReadOn();
        _process.Dispose();
    }

    private async Task ReadAsync(StreamReader reader, ConcurrentQueue<string> lines)
    {
        try
        {
            while (await reader.ReadLineAsync().ConfigureAwait(false) is { } line)
            {
                lines.Enqueue(line);
                if (Volatile.Read(ref _unread) is { } unread)
                {
                    await unread.Task.ConfigureAwait(false);
                }
            }
        }
        catch (Exception exception) when (exception is ObjectDisposedException or IOException or InvalidOperationException)
        {
            // The test is over, and the process was ended with it.
        }
    }

    private static string Text(ConcurrentQueue<string> lines) => string.Concat(lines.Select(line => string.Create(CultureInfo.InvariantCulture, $"{line}\n")));

    private void Send(int signal) => Kill(Id, signal).ShouldBe(0);

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int Kill(int process, int signal);
}
