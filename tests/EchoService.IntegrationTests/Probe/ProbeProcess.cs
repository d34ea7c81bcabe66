using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Probe;

/// <summary>The built echo-probe as a user runs it: a process with a command line, an exit code and two streams.</summary>
internal static class ProbeProcess
{
    /// <summary>
    /// As it was built for itself. Beside the tests, which use ASP.NET Core, those of its packages are missing that come
    /// with that.
    /// </summary>
    private static readonly string Assembly = Repository.PathOf(
        ["src", "EchoService.Probe", "bin", .. Path.GetRelativePath(Repository.PathOf("tests", "EchoService.IntegrationTests", "bin"), AppContext.BaseDirectory).Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries), "echo-probe.dll"]);

    /// <summary>What starts it, less its arguments.</summary>
    public static string[] CommandLine => ["dotnet", Assembly];

    public static ChildProcess Start(params string[] arguments) => ChildProcess.Start("dotnet", arguments.Prepend(Assembly));

    public static async Task<ProcessResult> RunAsync(params string[] arguments)
    {
        await using var probe = Start(arguments);
        return await probe.ExitAsync();
    }
}
