using System.ComponentModel;
using System.Diagnostics;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>Runs a command that comes from a Debian package.</summary>
internal static class Tool
{
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
                WorkingDirectory = Repository.Root,
            })!;
        }
        catch (Win32Exception exception)
        {
            throw new InvalidOperationException($"{command} is not here: run eng/ensure-packages.sh prometheus", exception);
        }
    }
}
