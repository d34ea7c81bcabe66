using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Containers;

/// <summary>The docker command, for what it says more directly than Testcontainers.</summary>
internal static class Docker
{
    /// <summary>Runs it to its end, which must be a good one.</summary>
    /// <returns>Its standard output.</returns>
    public static async Task<string> RunAsync(params string[] arguments) => (await ChildProcess.RunAsync("docker", arguments)).ShouldSucceed();

    public static Task<string> InspectAsync(string id, string format) => RunAsync("inspect", "--format", format, id);
}
