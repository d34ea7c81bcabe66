using System.Globalization;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Containers;

/// <summary>A network of a test's own in the range that kind gives to pods, which the examples trust.</summary>
internal sealed class DockerNetwork : IAsyncDisposable
{
    private DockerNetwork(string name) => Name = name;

    public string Name { get; }

    public static async Task<DockerNetwork> CreateAsync()
    {
        const int Attempts = 5;
        for (var attempt = 1; ; attempt++)
        {
            // Another run on this machine, or one that was killed, may have the same part of the range.
            var part = Random.Shared.Next(256).ToString(CultureInfo.InvariantCulture);
            var network = new DockerNetwork($"echoservice-tests-{part}");
            var result = await ChildProcess.RunAsync("docker", "network", "create", "--label", $"{ContainerImage.Label}={Repository.Root}", "--subnet", $"10.244.{part}.0/24", network.Name);
            if (result.ExitCode == 0)
            {
                return network;
            }

            attempt.ShouldBeLessThan(Attempts, result.Error);
        }
    }

    /// <summary>Has a container that runs join it under a name.</summary>
    public Task ConnectAsync(string container, string name) => Docker.RunAsync("network", "connect", "--alias", name, Name, container);

    /// <summary>Removes it; whoever is in it leaves.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var container in (await Docker.InspectAsync(Name, "{{range $id, $_ := .Containers}}{{$id}} {{end}}")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            await Docker.RunAsync("network", "disconnect", "--force", Name, container);
        }

        await Docker.RunAsync("network", "rm", Name);
    }
}
