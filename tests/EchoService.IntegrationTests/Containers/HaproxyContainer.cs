using System.Net;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Containers;

/// <summary>
/// HAProxy beside the service on a network of their own, configured by a file of the repository and restricted as the
/// example's manifest restricts it. No registry is asked: its image is made of the installed program and its libraries.
/// </summary>
internal sealed class HaproxyContainer : IAsyncDisposable
{
    /// <summary>What others in the network call it.</summary>
    public const string Name = "haproxy";

    private readonly string _id;

    private HaproxyContainer(string id, IPAddress address) => (_id, Address) = (id, address);

    /// <summary>Its own address, in the network.</summary>
    public IPAddress Address { get; }

    /// <param name="network">Which it joins.</param>
    /// <param name="configuration">The file's path.</param>
    public static async Task<HaproxyContainer> StartAsync(string network, string configuration)
    {
        var image = await ProgramImage.MakeAsync("haproxy");
        // It makes room for as many connections as it may have descriptors, which an engine may set to a billion.
        var id = await Docker.RunAsync(
            "run", "--detach", "--label", $"{ContainerImage.Label}={Repository.Root}", "--network", network, "--network-alias", Name, "--volume", $"{configuration}:/haproxy.cfg:ro",
            "--user", "99:99", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--ulimit", "nofile=4096:4096", image, "-db", "-f", "/haproxy.cfg");
        return new HaproxyContainer(id, IPAddress.Parse(await Docker.InspectAsync(id, $"{{{{(index .NetworkSettings.Networks \"{network}\").IPAddress}}}}")));
    }

    public Task<string> LogsAsync() => Docker.LogsAsync(_id);

    public async ValueTask DisposeAsync() => await Docker.RunAsync("rm", "--force", _id);
}
