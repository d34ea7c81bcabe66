using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Configuration;

/// <summary>The built service as a user starts it, for starts that fail.</summary>
internal static class ServiceProcess
{
    /// <summary>Runs it to its end.</summary>
    /// <param name="arguments">Its command line.</param>
    /// <param name="environment">Its environment, next to what this process has; settings of the service in that are left out.</param>
    public static async Task<(int ExitCode, string Output, string[] Errors)> RunAsync(string[] arguments, params (string Name, string Value)[] environment)
    {
        await using var process = Start(arguments, environment);
        return await EndAsync(process);
    }

    /// <summary>Starts it, for <see cref="EndAsync"/> to end.</summary>
    public static ChildProcess Start(string[] arguments, params (string Name, string Value)[] environment) =>
        ChildProcess.StartBuilt("EchoService", arguments, start =>
        {
            foreach (var name in start.Environment.Keys.Where(IsSetting).ToArray())
            {
                start.Environment.Remove(name);
            }

            foreach (var (name, value) in environment)
            {
                start.Environment[name] = value;
            }
        });

    /// <summary>Waits for its end.</summary>
    public static async Task<(int ExitCode, string Output, string[] Errors)> EndAsync(ChildProcess process)
    {
        var (exitCode, output, error) = await process.ExitAsync();
        return (exitCode, output, error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static bool IsSetting(string name) =>
        ((string[])["ASPNETCORE_", "OTEL_", "Echo__", "Drain__", "Management__", "Kestrel__"]).Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));
}
