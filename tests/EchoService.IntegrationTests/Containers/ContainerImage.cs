using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Containers;

/// <summary>
/// The image, built from the Dockerfile as a user builds it, and the engine that Testcontainers is to talk to. Base
/// images must be there or within reach: eng/base-images.sh.
/// </summary>
public sealed class ContainerImage : IAsyncLifetime
{
    private static readonly string? Given = Environment.GetEnvironmentVariable("ECHO_IMAGE");

    /// <summary>The image that <c>ECHO_IMAGE</c> names, or else the one that is built, under a tag that leaves the user's image alone.</summary>
    public static string Name { get; } = Given ?? "echoservice:tests";

    /// <summary>Every container of these tests carries it, with the checkout for its value.</summary>
    public const string Label = "echoservice.tests";

    private static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(15);

    public async ValueTask InitializeAsync()
    {
        if (!Requirements.Has(Need.Engine))
        {
            return;
        }

        await SettleEngineAsync();
        // What a run of this checkout that was killed has left behind.
        var left = await Docker.RunAsync("ps", "--all", "--quiet", "--filter", $"label={Label}={Repository.Root}");
        if (left.Length > 0)
        {
            await Docker.RunAsync(["rm", "--force", "--volumes", .. left.Split('\n')]);
        }

        var networks = await Docker.RunAsync("network", "ls", "--quiet", "--filter", $"label={Label}={Repository.Root}");
        if (networks.Length > 0)
        {
            await Docker.RunAsync(["network", "rm", .. networks.Split('\n')]);
        }

        if (Given is null)
        {
            await BuildAsync(Name);
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Builds the image of this commit.</summary>
    internal static async Task BuildAsync(string name, params string[] options)
    {
        var revision = (await ChildProcess.RunAsync("git", "rev-parse", "HEAD")).ShouldSucceed();
        await using var build = ChildProcess.Start("docker", ["build", .. options, "--tag", name, "--build-arg", $"REVISION={revision}", "."]);
        (await build.ExitAsync(BuildDeadline)).ShouldSucceed();
    }

    /// <summary>What the engine knows of it.</summary>
    internal static async Task<JsonElement> InspectAsync() => JsonDocument.Parse(await Docker.RunAsync("image", "inspect", Name)).RootElement[0];

    /// <summary>Testcontainers reads these once, when it is first used; what the user has set holds.</summary>
    private static async Task SettleEngineAsync()
    {
        // Its own image for cleaning up can't be pulled everywhere; the label above stands in for it.
        Default("TESTCONTAINERS_RYUK_DISABLED", "true");
        // Where a /.dockerenv lies about it asks at the bridge's gateway, and an engine that publishes on loopback alone
        // (eng/ensure-docker.sh) does not answer there.
        if (Environment.GetEnvironmentVariable("DOCKER_HOST") is null)
        {
            Default("TESTCONTAINERS_HOST_OVERRIDE", "127.0.0.1");
        }

        // It speaks one version of the engine's API and does not negotiate; Debian's engine is older than that.
        var spoken = await Docker.RunAsync("version", "--format", "{{.Server.APIVersion}}");
        if (Version.Parse(spoken) < new Version(1, 44))
        {
            Default("DOCKER_API_VERSION", spoken);
        }
    }

    private static void Default(string variable, string value)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable)))
        {
            Environment.SetEnvironmentVariable(variable, value);
        }
    }
}
