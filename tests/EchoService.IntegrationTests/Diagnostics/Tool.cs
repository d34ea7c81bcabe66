using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>Runs a command that comes from a Debian package.</summary>
internal static class Tool
{
    /// <summary>The repository's root, from where this file was compiled.</summary>
    public static string Root { get; } = FindRoot();

    public static async Task<(int ExitCode, string Output)> RunAsync(string command, string input, params string[] arguments)
    {
        using var process = Start(command, arguments);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Eventually.Deadline);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.StandardInput.WriteAsync(input.AsMemory(), deadline.Token);
            process.StandardInput.Close();
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output + await error);
        }
        catch
        {
            process.Kill();
            throw;
        }
    }

    public static Process Start(string command, params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(command, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = Root,
            })!;
        }
        catch (Win32Exception exception)
        {
            throw new InvalidOperationException($"{command} is not here: run eng/ensure-packages.sh prometheus", exception);
        }
    }

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    private static string FindRoot([CallerFilePath] string here = "")
    {
        // Deterministic builds map the path; then the output folder leads there.
        var folder = File.Exists(here) ? Path.GetDirectoryName(here)! : AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "EchoService.sln")))
        {
            folder = Path.GetDirectoryName(folder) ?? throw new DirectoryNotFoundException("EchoService.sln is in no folder above this one.");
        }

        return folder;
    }
}
