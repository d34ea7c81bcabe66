using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using EchoService.IntegrationTests.Diagnostics;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.IntegrationTests.Probe;
using EchoService.Lifecycle;

namespace EchoService.IntegrationTests.Deployment;

/// <summary>deploy/compose: what each part says of the others is true, and each configuration is taken by the program that reads it.</summary>
public sealed partial class ComposeTests
{
    private static readonly string Folder = Repository.PathOf("deploy", "compose");

    private static readonly JsonElement Compose = Yaml.Read(Path.Combine(Folder, "compose.yaml"))[0];

    private static readonly string[] Instances = ["echo-a", "echo-b"];

    private static Dictionary<string, JsonElement> Services => Compose.GetProperty("services").EnumerateObject().ToDictionary(service => service.Name, service => service.Value);

    [Fact]
    public void HoldsTheWholePicture()
    {
        Services.Keys.ShouldBe([.. Instances, "haproxy", "probe", "prometheus", "grafana"]);
        var volumes = Compose.GetProperty("volumes").EnumerateObject().Select(volume => volume.Name).ToList();
        foreach (var (name, service) in Services)
        {
            service.GetProperty("read_only").GetBoolean().ShouldBeTrue(name);
            service.GetProperty("cap_drop").ToString().ShouldBe("""["ALL"]""", name);
            service.GetProperty("security_opt").ToString().ShouldBe("""["no-new-privileges:true"]""", name);
            // Nobody but this machine.
            Strings(service, "ports").ShouldAllBe(port => port.StartsWith("127.0.0.1:", StringComparison.Ordinal), name);
            foreach (var source in Strings(service, "volumes").Select(volume => volume.Split(':')[0]))
            {
                (source[0] == '.' ? Path.Exists(Path.Combine(Folder, source)) : volumes.Contains(source)).ShouldBeTrue(source);
            }

            if (service.TryGetProperty("depends_on", out var needed))
            {
                (needed.ValueKind == JsonValueKind.Array ? needed.EnumerateArray().Select(one => one.GetString()!) : needed.EnumerateObject().Select(one => one.Name)).ShouldBeSubsetOf(Services.Keys);
            }

            var image = service.GetProperty("image").GetString()!;
            image.ShouldMatch(name is "echo-a" or "echo-b" or "probe" ? @"^\$\{ECHO_IMAGE:-echoservice:compose\}$" : @"^[\w/-]+:v?\d+\.\d+", name);
        }
    }

    [Theory]
    [InlineData("echo-a")]
    [InlineData("echo-b")]
    public async Task TheServiceTakesAnInstancesSettingsAndAStopLeavesItTheTimeToDrain(string name)
    {
        var service = Services[name];
        var environment = service.GetProperty("environment").EnumerateObject().ToDictionary(variable => variable.Name, variable => variable.Value);
        // Taken from the shell, or not there at all.
        environment["Management__ApiKey"].ValueKind.ShouldBe(JsonValueKind.Null);
        environment["Management__PublicUrl"].GetString().ShouldBe($"http://{service.GetProperty("hostname").GetString()}:8080");
        service.GetProperty("hostname").GetString().ShouldBe(name);
        var settings = environment.Where(variable => variable.Value.ValueKind == JsonValueKind.String)
            .Select(variable => $"{variable.Key.Replace("__", ":", StringComparison.Ordinal)}={variable.Value.GetString()}");
        await using var host = await EchoHost.StartAsync([.. settings, "Echo:BannerPort=0"]);
        var drain = host.Service<DrainOptions>();
        Seconds(service.GetProperty("stop_grace_period").GetString()!).ShouldBeGreaterThanOrEqualTo(drain.ReadinessDelay.TotalSeconds + drain.Timeout.TotalSeconds + 5);
        // Nothing to wait for at this test's end.
        host.Lifecycle.BeginDrain(new DrainRequest(ReadinessDelay: TimeSpan.Zero), DrainTrigger.Api);
    }

    [Fact]
    public void HaproxyKnowsBothInstancesByTheirPortsAndStopsInTime()
    {
        var configuration = File.ReadAllText(Path.Combine(Folder, "haproxy.cfg"));
        Servers().Matches(configuration).Select(match => match.Groups[1].Value).ShouldBe(["echo-a:7007", "echo-b:7007", "echo-a:7008", "echo-b:7008"]);
        Strings(Services["haproxy"], "ports").Select(port => port.Split(':')[^1]).ShouldBe(Binds().Matches(configuration).Select(match => match.Groups[1].Value));
        Seconds(HardStop().Match(configuration).Groups[1].Value).ShouldBeLessThan(Seconds(Services["haproxy"].GetProperty("stop_grace_period").GetString()!));
    }

    [Fact]
    [Needs(Need.Haproxy)]
    public async Task HaproxyTakesTheConfiguration() => (await ChildProcess.RunAsync("haproxy", "-c", "-f", Path.Combine(Folder, "haproxy.cfg"))).ShouldSucceed();

    [Fact]
    public void PrometheusScrapesEveryInstanceAndTheProbe()
    {
        var jobs = Yaml.Read(Path.Combine(Folder, "prometheus.yml"))[0].GetProperty("scrape_configs").EnumerateArray()
            .ToDictionary(job => job.GetProperty("job_name").GetString()!, job => Strings(job.GetProperty("static_configs")[0], "targets"));
        jobs["echoservice"].ShouldBe(Instances.Select(instance => $"{instance}:8080"));
        var command = Strings(Services["probe"], "command").ToList();
        jobs["echo-probe"].ShouldBe([$"probe:{command[command.IndexOf("--metrics-port") + 1]}"]);
        Strings(Services["prometheus"], "volumes").ShouldContain("../monitoring/prometheus-rules.yaml:/etc/prometheus/prometheus-rules.yaml:ro");
    }

    [Fact]
    [Needs(Need.Prometheus)]
    public async Task PromtoolTakesTheConfigurationAndTheRulesBesideIt()
    {
        var folder = Directory.CreateTempSubdirectory("compose-");
        try
        {
            foreach (var file in Strings(Services["prometheus"], "volumes").Select(volume => volume.Split(':')).Where(parts => parts[0][0] == '.'))
            {
                File.Copy(Path.Combine(Folder, file[0]), Path.Combine(folder.FullName, Path.GetFileName(file[1])));
            }

            (await ChildProcess.RunAsync("promtool", "check", "config", Path.Combine(folder.FullName, "prometheus.yml"))).ShouldSucceed().ShouldContain("SUCCESS: 1 rule files found");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task TheProbeTakesItsCommand()
    {
        await using var host = await EchoHost.StartAsync("Echo:BannerPort=0");
        var command = Strings(Services["probe"], "command").ToList();
        command[1].ShouldBe("haproxy:7008");
        command[1] = host.BannerEndPoint.ToString();
        command[command.IndexOf("--duration") + 1].ShouldBe("0");
        command[command.IndexOf("--duration") + 1] = "500ms";
        command[command.IndexOf("--metrics-port") + 1] = FreePort.Take().ToString(CultureInfo.InvariantCulture);
        (await ProbeProcess.RunAsync([.. command])).ShouldSucceed();
        Services["probe"].GetProperty("entrypoint").ToString().ShouldBe("""["/app/echo-probe"]""");
    }

    [Fact]
    public void GrafanaFindsPrometheusAndTheDashboard()
    {
        var mounts = Strings(Services["grafana"], "volumes").Select(volume => volume.Split(':')).ToDictionary(parts => parts[1], parts => parts[0]);
        mounts["/etc/grafana/provisioning"].ShouldBe("./grafana/provisioning");
        var source = Yaml.Read(Path.Combine(Folder, "grafana", "provisioning", "datasources", "prometheus.yaml"))[0].GetProperty("datasources")[0];
        source.GetProperty("type").GetString().ShouldBe("prometheus");
        source.GetProperty("url").GetString().ShouldBe("http://prometheus:9090");
        // The dashboard's own choice is the default of this type.
        source.GetProperty("isDefault").GetBoolean().ShouldBeTrue();
        var variable = Dashboard.Read().Root.GetProperty("templating").GetProperty("list")[0];
        (variable.GetProperty("type").GetString(), variable.GetProperty("query").GetString()).ShouldBe(("datasource", "prometheus"));

        var dashboard = mounts.Single(mount => mount.Value.EndsWith("grafana-dashboard.json", StringComparison.Ordinal)).Key;
        var provider = Yaml.Read(Path.Combine(Folder, "grafana", "provisioning", "dashboards", "echoservice.yaml"))[0].GetProperty("providers")[0];
        provider.GetProperty("type").GetString().ShouldBe("file");
        provider.GetProperty("options").GetProperty("path").GetString().ShouldBe(Path.GetDirectoryName(dashboard));
        Services["grafana"].GetProperty("environment").GetProperty("GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH").GetString().ShouldBe(dashboard);
    }

    private static IEnumerable<string> Strings(JsonElement element, string property) =>
        element.TryGetProperty(property, out var list) ? list.EnumerateArray().Select(item => item.ToString()) : [];

    private static double Seconds(string duration)
    {
        duration.ShouldMatch(@"^\d+s$");
        return double.Parse(duration[..^1], CultureInfo.InvariantCulture);
    }

    [GeneratedRegex(@"^\s*server \S+ (\S+)", RegexOptions.Multiline)]
    private static partial Regex Servers();

    [GeneratedRegex(@"^\s*bind :(\d+)$", RegexOptions.Multiline)]
    private static partial Regex Binds();

    [GeneratedRegex(@"hard-stop-after (\S+)")]
    private static partial Regex HardStop();
}
