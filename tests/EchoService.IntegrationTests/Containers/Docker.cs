using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Containers;

/// <summary>The docker command, for what it says more directly than Testcontainers.</summary>
internal static class Docker
{
    /// <summary>Runs it to its end, which must be a good one.</summary>
    /// <returns>Its standard output.</returns>
    public static async Task<string> RunAsync(params string[] arguments) => (await ChildProcess.RunAsync("docker", arguments)).ShouldSucceed();

    /// <summary>Standard output and error of a container so far.</summary>
    public static async Task<string> LogsAsync(string id)
    {
        var (exitCode, output, error) = await ChildProcess.RunAsync("docker", "logs", id);
        exitCode.ShouldBe(0, error);
        return output + error;
    }

    public static Task<string> InspectAsync(string id, string format) => RunAsync("inspect", "--format", format, id);
}
