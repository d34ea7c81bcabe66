using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Probe;

/// <summary>The built echo-probe as a user runs it: a process with a command line, an exit code and two streams.</summary>
internal static class ProbeProcess
{
    /// <summary>What starts it, less its arguments.</summary>
    public static string[] CommandLine => ["dotnet", Path.Combine(AppContext.BaseDirectory, "echo-probe.dll")];

    public static ChildProcess Start(params string[] arguments) => ChildProcess.StartBuilt("echo-probe", arguments);

    public static async Task<ProcessResult> RunAsync(params string[] arguments)
    {
        await using var probe = Start(arguments);
        return await probe.ExitAsync();
    }
}
