using System.Globalization;
using System.Text.Json;
using EchoService.IntegrationTests.Deployment;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Testcontainers;
using k8s.Models;

namespace EchoService.IntegrationTests.Containers;

/// <summary>What the environment of a container does: the manifests' settings, and those that cannot be.</summary>
[Collection(ContainerSuite.Name)]
[Needs(Need.Engine)]
public sealed class ContainerConfigurationTests
{
    [Theory]
    [InlineData("Echo__Port=70000", @"^Echo:Port\b.*70000.*65535")]
    [InlineData("Echo__LimitPolicy=perhaps", @"^Echo:LimitPolicy\b.*perhaps.*reject.*queue")]
    [InlineData("Echo__Prot=7007", @"^Echo:Prot\b")]
    [InlineData("Echo__ProxyProtocol=required", @"^Echo:TrustedProxies\b")]
    [InlineData("Management__ApiKeyFile=/nowhere", @"^Management:ApiKeyFile\b.*/nowhere")]
    public async Task EndsTheStartWithOneLineThatNamesTheKeyAndWhatIsAllowed(string setting, string line) =>
        (await FailAsync(setting)).ShouldHaveSingleItem().ShouldMatch(line);

    [Fact]
    public async Task EveryProblemHasItsLine() =>
        (await FailAsync("Echo__Port=-1", "Drain__Timeout=soon")).Select(line => line.Split(' ')[0]).Order().ShouldBe(["Drain:Timeout", "Echo:Port"]);

    [Fact]
    public async Task TheSettingsOfTheManifestsAreKnownAndDoWhatTheManifestsRelyOn()
    {
        var settings = new Dictionary<string, string>(Manifests.Apply("deploy", "k8s").Find<V1ConfigMap>("echoservice").Data);
        await using var service = await EchoContainer.StartAsync(builder => builder.WithEnvironment(settings));
        await using var target = service.Target();
        var stats = await service.Management.GetStatsAsync(TestContext.Current.CancellationToken);
        stats.Listeners.Single(listener => listener.Listener == ListenerKind.Echo).EndPoint.ShouldBe($"[::]:{settings["Echo__Port"]}");
        stats.Connections.Limit.ShouldBe(int.Parse(settings["Echo__MaxConnections"], CultureInfo.InvariantCulture));
        (await service.Management.GetDrainAsync(TestContext.Current.CancellationToken)).Phase.ShouldBe(ServicePhase.Serving);
        using var client = await target.ConnectAsync();
        await client.EchoAsync(4096);
        await client.FinishAsync();
        // What collects the pods' logs gets one JSON object a line.
        foreach (var line in (await service.LogsAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            JsonDocument.Parse(line).RootElement.ValueKind.ShouldBe(JsonValueKind.Object);
        }
    }

    [Fact]
    [Needs(Need.Kustomize)]
    public async Task SoAreThoseOfTheProxyProtocolExample()
    {
        var objects = await Manifests.KustomizeAsync("deploy", "examples", "proxy-protocol");
        var settings = Manifests.Environment(objects.Find<V1ConfigMap>("echoservice"), objects.Find<V1Deployment>("echoservice"));
        await using var service = await EchoContainer.StartAsync(builder => builder.WithEnvironment(new Dictionary<string, string>(settings)));
        using var client = await EchoClient.ConnectAsync(service.Direct);
        // A client without the header is not served.
        await client.SendAsync(100);
        await client.ReceiveToEndAsync();
        client.Received.ShouldBe(0);
    }

    /// <summary>Runs a container that is to end by itself, and returns the lines of its standard error.</summary>
    private static async Task<string[]> FailAsync(params string[] environment)
    {
        var (exitCode, _, error) = await ChildProcess.RunAsync(
            "docker", ["run", "--rm", "--label", $"{ContainerImage.Label}={Repository.Root}", "--read-only", .. environment.SelectMany(setting => new[] { "--env", setting }), ContainerImage.Name]);
        exitCode.ShouldBe(1, error);
        return error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
