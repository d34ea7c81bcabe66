using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text.Json;
using EchoService.IntegrationTests.Deployment;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Testcontainers;

namespace EchoService.IntegrationTests.Containers;

/// <summary>
/// deploy/compose as far as it runs without a registry: its instances and its probe, and its HAProxy and Prometheus made of the
/// installed programs, each with what the file says of it, on a network with the names that it gives.
/// </summary>
[Collection(ContainerSuite.Name)]
[Needs(Need.Engine)]
[Needs(Need.Linux)]
[Needs(Need.Haproxy)]
[Needs(Need.Prometheus)]
public sealed class ComposeRunTests(ITestOutputHelper output)
{
    private static readonly JsonElement Services = Yaml.Read(Repository.PathOf("deploy", "compose", "compose.yaml"))[0].GetProperty("services");

    [Fact]
    public async Task ADrainBehindHaproxyIsNoDisruptionAndTheProbeTellsWhoseItWas()
    {
        await using var network = await DockerNetwork.CreateAsync();
        await using var one = await StartAsync("echo-a", network);
        await using var other = await StartAsync("echo-b", network);
        await using var haproxy = await HaproxyContainer.StartAsync(network.Name, Repository.PathOf("deploy", "compose", "haproxy.cfg"));
        await using var prometheus = await PrometheusContainer.StartAsync(network.Name, Files("prometheus"));
        // Both are checked, and both take clients, once it has led to each.
        await Eventually.TrueAsync(async () =>
        {
            await TryEchoAsync(new(haproxy.Address, EchoServiceBuilder.BannerPort));
            return await HasHadClientsAsync(one) && await HasHadClientsAsync(other);
        });

        var command = Services.GetProperty("probe").GetProperty("command").EnumerateArray().Select(argument => argument.GetString()!).ToList();
        var entry = Services.GetProperty("probe").GetProperty("entrypoint")[0].GetString()!;
        await using var probe = ChildProcess.Start("docker",
        [
            "run", "--rm", "--label", $"{ContainerImage.Label}={Repository.Root}", "--network", network.Name, "--network-alias", "probe", "--read-only", "--cap-drop", "ALL", "--entrypoint", entry,
            // Two cores run five containers here.
            ContainerImage.Name, .. command, "--late", "20s", "--timeout", "20s",
        ]);
        await one.Management.WaitForStatsAsync(stats => stats.Connections.Active > 0, Eventually.Deadline, TestContext.Current.CancellationToken);
        // Time for HAProxy's checks, four of them; the file's own five seconds would make this test longer.
        await one.Management.BeginDrainAsync(new DrainRequest { ReadinessDelay = TimeSpan.FromSeconds(2), Spread = TimeSpan.FromSeconds(1) }, TestContext.Current.CancellationToken);

        await one.Management.WaitForPhaseAsync(ServicePhase.Drained, Eventually.Deadline, TestContext.Current.CancellationToken);
        // Under the labels that the dashboard and the alerts go by; the first scrape comes up to ten seconds after the start.
        await Eventually.BecomesAsync(
            async () => string.Join(' ', (await prometheus.QueryAsync("up == 1")).Select(Name).Order(StringComparer.Ordinal)), up => up == "echo-a echo-b probe:9464");
        (await prometheus.QueryAsync("""echo_phase{namespace="compose", phase="drained"} == 1""")).Select(Name).ShouldBe(["echo-a"]);
        probe.Signal(PosixSignal.SIGTERM);

        var result = await probe.ExitAsync();
        output.WriteLine(result.Output);
        result.ShouldSucceed().ShouldContain("No disruption");
        result.Output.ShouldMatch(@"echo-a: FIN at a message boundary,\s+because\s+of\s+its\s+drain\s+\(API\)");
        (await one.Management.GetDrainAsync(TestContext.Current.CancellationToken)).ClosedForced.ShouldBe(0);
    }

    private static async Task<EchoContainer> StartAsync(string name, DockerNetwork network)
    {
        var service = Services.GetProperty(name);
        var settings = service.GetProperty("environment").EnumerateObject().Where(variable => variable.Value.ValueKind == JsonValueKind.String)
            .ToDictionary(variable => variable.Name, variable => variable.Value.GetString()!);
        var container = await EchoContainer.StartAsync(builder => builder.WithHostname(service.GetProperty("hostname").GetString()!).WithEnvironment(settings));
        await network.ConnectAsync(container.Id, name);
        return container;
    }

    private static string? Name(JsonElement series) => series.TryGetProperty("pod", out var pod) ? pod.GetString() : series.GetProperty("instance").GetString();

    /// <summary>Files of the repository that a service of the file mounts.</summary>
    private static IEnumerable<(string From, string To)> Files(string service) => Services.GetProperty(service).GetProperty("volumes").EnumerateArray()
        .Select(volume => volume.GetString()!.Split(':')).Where(parts => parts[0][0] == '.')
        .Select(parts => (Path.GetFullPath(Path.Combine(Repository.PathOf("deploy", "compose"), parts[0])), parts[1]));

    private static async Task<bool> HasHadClientsAsync(EchoContainer service) =>
        (await service.Management.GetStatsAsync(TestContext.Current.CancellationToken)).Connections.Accepted > 0;

    private static async Task TryEchoAsync(IPEndPoint front)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(front, TestContext.Current.CancellationToken);
            using var reader = new StreamReader(client.GetStream());
            await reader.ReadLineAsync(TestContext.Current.CancellationToken);
        }
        catch (Exception exception) when (exception is SocketException or IOException)
        {
            // Nobody is up yet.
        }

        await EchoClient.LeaveSocketThreadAsync();
    }
}
