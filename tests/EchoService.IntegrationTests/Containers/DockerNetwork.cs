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
        var part = Random.Shared.Next(256).ToString(CultureInfo.InvariantCulture);
        var network = new DockerNetwork($"echoservice-tests-{part}");
        await Docker.RunAsync("network", "create", "--label", $"{ContainerImage.Label}={Repository.Root}", "--subnet", $"10.244.{part}.0/24", network.Name);
        return network;
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
