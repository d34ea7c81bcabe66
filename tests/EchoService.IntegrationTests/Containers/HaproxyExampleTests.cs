using System.Globalization;
using System.Net;
using EchoService.IntegrationTests.Deployment;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Testcontainers;
using k8s;
using k8s.Models;

namespace EchoService.IntegrationTests.Containers;

/// <summary>deploy/examples/proxy-protocol without a cluster: its HAProxy finds the pods by name, and they list its clients.</summary>
[Collection(ContainerSuite.Name)]
[Needs(Need.Engine)]
[Needs(Need.Linux)]
[Needs(Need.Haproxy)]
public sealed class HaproxyExampleTests
{
    /// <summary>As the configuration has it; the engine's own name server answers for it here.</summary>
    private const string Pods = "echo-pods.echo.svc.cluster.local";

    [Fact]
    public async Task ThePodsListTheClientsOfTheProxyInFrontOfThem()
    {
        // The patch by itself, for want of a kubectl that merges it everywhere.
        var patch = await File.ReadAllTextAsync(Repository.PathOf("deploy", "examples", "proxy-protocol", "deployment.yaml"), TestContext.Current.CancellationToken);
        var settings = Manifests.Environment(Manifests.Apply("deploy", "k8s").Find<V1ConfigMap>("echoservice"), KubernetesYaml.Deserialize<V1Deployment>(patch, strict: true));
        await using var network = await DockerNetwork.CreateAsync();
        await using var service = await EchoContainer.StartAsync(builder => builder.WithEnvironment(new Dictionary<string, string>(settings)));
        await network.ConnectAsync(service.Id, Pods);
        await using var haproxy = await HaproxyContainer.StartAsync(network.Name, Repository.PathOf("deploy", "examples", "proxy-protocol", "haproxy.cfg"));
        var front = new IPEndPoint(haproxy.Address, EchoServiceBuilder.EchoPort);
        // Until it has found a pod and that has passed a check, it takes connections and ends them.
        using var client = await Eventually.BecomesAsync(() => TryConnectAsync(front), connected => connected is not null, text: await haproxy.LogsAsync());
        await client!.EchoAsync(100_000);

        var listed = await service.Management.GetClientsAsync(cancellationToken: TestContext.Current.CancellationToken).SingleAsync(one => one.BytesReceived > 100_000, TestContext.Current.CancellationToken);
        listed.Proxied.ShouldBeTrue();
        listed.RemoteEndPoint.ShouldBe(client.LocalEndPoint.ToString());
        listed.PeerEndPoint.ShouldStartWith(string.Create(CultureInfo.InvariantCulture, $"{haproxy.Address}:"));
        await client.FinishAsync();
    }

    private static async Task<EchoClient?> TryConnectAsync(IPEndPoint front)
    {
        EchoClient? client = null;
        try
        {
            client = await EchoClient.ConnectAsync(front);
            await client.EchoAsync(1);
            return client;
        }
        catch (Exception exception) when (exception is System.Net.Sockets.SocketException or ShouldAssertException)
        {
            client?.Dispose();
            return null;
        }
    }
}
