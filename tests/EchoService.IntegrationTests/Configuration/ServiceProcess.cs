using System.Diagnostics;

namespace EchoService.IntegrationTests.Configuration;

/// <summary>The built service as a user starts it, for starts that fail.</summary>
internal static class ServiceProcess
{
    /// <summary>Runs it to its end.</summary>
    /// <param name="arguments">Its command line.</param>
    /// <param name="environment">Its environment, next to what this process has; settings of the service in that are left out.</param>
    public static async Task<(int ExitCode, string Output, string[] Errors)> RunAsync(string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "EchoService.dll"));
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var name in start.Environment.Keys.Where(IsSetting).ToArray())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Eventually.Deadline);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
            var error = process.StandardError.ReadToEndAsync(deadline.Token);
            await process.WaitForExitAsync(deadline.Token);
            return (process.ExitCode, await output, (await error).Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private static bool IsSetting(string name) =>
        ((string[])["ASPNETCORE_", "Echo__", "Drain__", "Management__", "Kestrel__"]).Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
}
