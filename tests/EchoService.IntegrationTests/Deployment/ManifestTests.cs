using System.Globalization;
using System.Text.RegularExpressions;
using EchoService.IntegrationTests.Infrastructure;
using k8s;
using k8s.Models;

namespace EchoService.IntegrationTests.Deployment;

/// <summary>What <c>kubectl apply -f deploy/k8s</c> sends: valid, in agreement with itself, with the settings and with the image.</summary>
public sealed partial class ManifestTests
{
    private static readonly string[] Folder = ["deploy", "k8s"];

    private static readonly IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Objects = Manifests.Apply(Folder);

    private static V1DeploymentSpec Deployment => Objects.Find<V1Deployment>("echoservice").Spec;

    private static V1PodSpec Pod => Deployment.Template.Spec;

    private static V1Container Container => Pod.Containers[0];

    private static IDictionary<string, string> Settings => Objects.Find<V1ConfigMap>("echoservice").Data;

    [Theory]
    [InlineData("port: 7\n", "port: seven\n", "seven")]
    [InlineData("  selector:\n", "  sellector:\n", "sellector")]
    [InlineData("  namespace: echo\n", "  namespace: echo\n  namespace: other\n", "namespace")]
    [InlineData("kind: Service\n", "kind: Servise\n", "Servise")]
    [InlineData("    - name: echo\n      port: 7\n", "    - name: echo\n", "spec.ports.port")]
    public void AFaultIsFound(string right, string wrong, string named)
    {
        var text = File.ReadAllText(Repository.PathOf([.. Folder, "40-service-echo.yaml"]));
        Manifests.Parse(text).ShouldHaveSingleItem();
        text.ShouldContain(right);
        var exception = Should.Throw<Exception>(() => Manifests.Parse(text.Replace(right, wrong, StringComparison.Ordinal)));
        exception.ToString().ShouldContain(named);
    }

    [Fact]
    public void AMissingFieldIsFound() =>
        Should.Throw<InvalidDataException>(() => Manifests.Parse("""
            apiVersion: apps/v1
            kind: Deployment
            metadata: { name: echoservice }
            spec: { template: { spec: { containers: [{ name: echoservice, image: echoservice }] } } }
            """)).Message.ShouldBe("Deployment echoservice: spec.selector must be given");

    [Fact]
    public void HoldsOneObjectAFileInAnOrderInWhichTheFirstApplySucceeds()
    {
        Objects.Count.ShouldBe(Manifests.Files(Folder).Count);
        Objects[0].ShouldBeOfType<V1Namespace>().Metadata.Name.ShouldBe("echo");
        Objects.Skip(1).ShouldAllBe(one => one.Metadata.NamespaceProperty == "echo");
    }

    [Fact]
    [Needs(Need.Kustomize)]
    public async Task TheKustomizeBaseIsTheSameSetOfObjects() =>
        (await Manifests.KustomizeAsync(Folder)).Select(Name).Order().ShouldBe(Objects.Select(Name).Order());

    [Fact]
    public void UsesCoreApiGroupsAloneSoThatABareClusterTakesIt() =>
        Objects.Select(one => one.ApiVersion).Distinct().Order(StringComparer.Ordinal)
            .ShouldBe(["apps/v1", "autoscaling/v2", "networking.k8s.io/v1", "policy/v1", "v1"]);

    [Fact]
    public void SelectorsReachThePodsOfTheDeployment()
    {
        var labels = Deployment.Template.Metadata.Labels;
        IEnumerable<IDictionary<string, string>> selectors =
        [
            Deployment.Selector.MatchLabels,
            .. Objects.OfType<V1Service>().Select(service => service.Spec.Selector),
            Objects.Find<V1PodDisruptionBudget>("echoservice").Spec.Selector.MatchLabels,
            Objects.Find<V1NetworkPolicy>("echoservice").Spec.PodSelector.MatchLabels,
            .. Pod.TopologySpreadConstraints.Select(constraint => constraint.LabelSelector.MatchLabels),
        ];
        foreach (var selector in selectors)
        {
            selector.ShouldNotBeEmpty();
            selector.ShouldBeSubsetOf(labels);
        }
    }

    [Fact]
    public void ServicesProbesPoliciesAndAnnotationsLeadToThePortsThatTheSettingsOpen()
    {
        var management = Settings["ASPNETCORE_HTTP_PORTS"];
        ContainerPort("echo").ShouldBe(Settings["Echo__Port"]);
        ContainerPort("management").ShouldBe(management);
        ContainerPort("banner").ShouldBe(Settings["Echo__BannerPort"]);
        PortsOf("echo").ShouldBe([(7, "echo"), (7008, "banner")]);
        PortsOf("echoservice-management").ShouldBe([(8080, "management")]);
        V1HTTPGetAction[] probes = [Container.StartupProbe.HttpGet, Container.LivenessProbe.HttpGet, Container.ReadinessProbe.HttpGet];
        probes.Select(probe => ContainerPort(probe.Port.Value)).ShouldAllBe(port => port == management);
        probes.Select(probe => probe.Path).ShouldBe(["/livez", "/livez", "/readyz"]);
        new Dictionary<string, string> { ["prometheus.io/scrape"] = "true", ["prometheus.io/port"] = management, ["prometheus.io/path"] = "/metrics" }
            .ShouldBeSubsetOf(Deployment.Template.Metadata.Annotations);
    }

    [Fact]
    public void EveryServiceLeadsToAPortOfTheContainer()
    {
        foreach (var port in Objects.OfType<V1Service>().SelectMany(service => service.Spec.Ports))
        {
            ContainerPort(port.TargetPort.Value).ShouldNotBeNull(port.Name);
        }
    }

    [Fact]
    public void EachPodHasAnAddressOfItsOwnWhileItDrainsToo()
    {
        var pods = Objects.Find<V1Service>("echoservice-pods").Spec;
        pods.ClusterIP.ShouldBe("None");
        pods.PublishNotReadyAddresses.ShouldBe(true);
        // Of both kinds: a rollout to the PROXY protocol or back has pods of either.
        pods.Selector.ShouldBe(Deployment.Selector.MatchLabels);
        // Without an address of its own a Service translates no port.
        pods.Ports.ShouldAllBe(port => port.Port.ToString(CultureInfo.InvariantCulture) == ContainerPort(port.TargetPort.Value));
        pods.Ports.Select(port => port.TargetPort.Value).ShouldBe(["echo", "management"]);
    }

    [Fact]
    public async Task TheMonitorOfTheOperatorFindsEachPodOnce()
    {
        var text = await File.ReadAllTextAsync(Repository.PathOf("deploy", "monitoring", "operator", "servicemonitor.yaml"), TestContext.Current.CancellationToken);
        var monitor = (Dictionary<object, object>)((Dictionary<object, object>)new YamlDotNet.Serialization.Deserializer().Deserialize<Dictionary<object, object>>(text)["spec"])["selector"];
        var labels = ((Dictionary<object, object>)monitor["matchLabels"]).ToDictionary(label => (string)label.Key, label => (string)label.Value);
        Objects.OfType<V1Service>().Where(service => labels.All(service.Metadata.Labels.Contains)).ShouldHaveSingleItem().Metadata.Name.ShouldBe("echoservice-management");
        text.ShouldContain($"port: {PortsOf("echoservice-management")[0].Target}\n");
    }

    [Fact]
    public void EachPodTellsWhereItsOwnManagementApiIs()
    {
        var variables = Container.Env.ToDictionary(variable => variable.Name);
        variables["POD_IP"].ValueFrom.FieldRef.FieldPath.ShouldBe("status.podIP");
        variables["Management__PublicUrl"].Value.ShouldBe($"http://$(POD_IP):{Settings["ASPNETCORE_HTTP_PORTS"]}");
    }

    [Fact]
    public void EchoIsOpenToAllAndManagementToMonitoringAndTheProbeAlone()
    {
        var policy = Objects.Find<V1NetworkPolicy>("echoservice").Spec;
        policy.PolicyTypes.ShouldBe(["Ingress", "Egress"]);
        RulesFor(policy, "echo").ShouldHaveSingleItem().FromProperty.ShouldBeNull();
        RulesFor(policy, "echo").Single().Ports.Select(port => (port.Protocol, port.Port.Value)).ShouldBe([("TCP", "echo"), ("TCP", "banner")]);
        RulesFor(policy, "management").ShouldHaveSingleItem().FromProperty.ShouldBeSameAs(new[]
        {
            new V1NetworkPolicyPeer { NamespaceSelector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["kubernetes.io/metadata.name"] = "monitoring" } } },
            new V1NetworkPolicyPeer { PodSelector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["app.kubernetes.io/name"] = "echo-probe" } } },
        });
        // A rule without ports would open every port.
        policy.Ingress.ShouldAllBe(rule => rule.Ports != null && rule.Ports.Count > 0);
    }

    [Fact]
    public void TheGracePeriodHoldsTheLongestDrain()
    {
        var drain = Duration("Drain__ReadinessDelay") + Duration("Drain__Timeout");
        TimeSpan.FromSeconds(Pod.TerminationGracePeriodSeconds!.Value).ShouldBeGreaterThanOrEqualTo(drain + TimeSpan.FromSeconds(5));
        Duration("Drain__Spread").ShouldBeLessThanOrEqualTo(Duration("Drain__Timeout"));
    }

    [Fact]
    public void TheMemoryLimitHoldsAsManySlowReadersAsTheSettingsAdmit()
    {
        const long MiB = 1024 * 1024;
        const long Segment = 64 * 1024;
        var connections = Number("Echo__MaxConnections");
        var limit = Container.Resources.Limits["memory"].ToInt64();
        // MaxReceiveBufferSize is at its default of 64 KiB; .NET limits its heap, where the buffers are, to 75 %.
        Settings.ShouldNotContainKey("Echo__MaxReceiveBufferSize");
        (limit * 3 / 4).ShouldBeGreaterThanOrEqualTo((connections * Segment) + (64 * MiB));
        // The kernel doubles what it is told, and charges it to the pod (docs/performance.md has it measured).
        var kernel = 2 * (Number("Echo__SocketSendBuffer") + Number("Echo__SocketReceiveBuffer"));
        kernel.ShouldBeGreaterThan(0);
        limit.ShouldBeGreaterThanOrEqualTo((connections * (Segment + kernel)) + (256 * MiB));

        long Number(string key) => long.Parse(Settings[key], CultureInfo.InvariantCulture);
    }

    [Fact]
    public void MeetsTheRestrictedPodSecurityStandardWhichTheNamespaceEnforces()
    {
        Objects[0].Metadata.Labels["pod-security.kubernetes.io/enforce"].ShouldBe("restricted");
        Pod.SecurityContext.RunAsNonRoot.ShouldBe(true);
        Pod.SecurityContext.SeccompProfile.Type.ShouldBe("RuntimeDefault");
        Container.SecurityContext.ShouldBeSameAs(new V1SecurityContext
        {
            AllowPrivilegeEscalation = false,
            ReadOnlyRootFilesystem = true,
            Capabilities = new V1Capabilities { Drop = ["ALL"] },
        });
        ((bool?[])[Pod.HostNetwork, Pod.HostPID, Pod.HostIPC]).ShouldAllBe(shared => shared != true);
        Pod.AutomountServiceAccountToken.ShouldBe(false);
        Objects.Find<V1ServiceAccount>("echoservice").AutomountServiceAccountToken.ShouldBe(false);
    }

    [Fact]
    public void UserImageAndPortsAreThoseOfTheDockerfile()
    {
        var dockerfile = File.ReadAllText(Repository.PathOf("Dockerfile"));
        Pod.SecurityContext.RunAsUser.ShouldBe(long.Parse(User().Match(dockerfile).Groups[1].Value, CultureInfo.InvariantCulture));
        Container.Ports.Where(port => port.Protocol is null or "TCP").Select(port => port.ContainerPort).Order()
            .ShouldBe(TcpPort().Matches(dockerfile).Select(match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).Distinct().Order());
        Container.Image.ShouldBe($"echoservice:{Repository.Version}");
        dockerfile.ShouldContain($"org.opencontainers.image.version=\"{Repository.Version}\"");
        Deployment.Template.Metadata.Labels["app.kubernetes.io/version"].ShouldBe(Repository.Version);
    }

    [Fact]
    public void TheAutoscalerOwnsTheNumberOfPodsAndNeitherARolloutNorANodeDrainTakesTheLastOne()
    {
        var autoscaler = Objects.Find<V2HorizontalPodAutoscaler>("echoservice").Spec;
        Deployment.Replicas.ShouldBeNull();
        autoscaler.ScaleTargetRef.ShouldBeSameAs(new V2CrossVersionObjectReference { ApiVersion = "apps/v1", Kind = "Deployment", Name = "echoservice" });
        autoscaler.MinReplicas.ShouldBe(2);
        autoscaler.MaxReplicas.ShouldBe(10);
        Deployment.Strategy.RollingUpdate.ShouldBeSameAs(new V1RollingUpdateDeployment { MaxUnavailable = 0, MaxSurge = 1 });
        int.Parse(Objects.Find<V1PodDisruptionBudget>("echoservice").Spec.MaxUnavailable.Value, CultureInfo.InvariantCulture).ShouldBeLessThan(2);
        // Utilization is a share of the request: without one the autoscaler stands still.
        Container.Resources.Requests.ShouldContainKey("cpu");
    }

    private static string Name(IKubernetesObject<V1ObjectMeta> one) => $"{one.Kind}/{one.Metadata.Name}";

    private static IEnumerable<V1NetworkPolicyIngressRule> RulesFor(V1NetworkPolicySpec policy, string port) =>
        policy.Ingress.Where(rule => rule.Ports.Any(candidate => candidate.Port.Value == port));

    /// <summary>The number by which a service, probe or policy reaches the container: its own, or that of the port it names.</summary>
    private static string? ContainerPort(string port) =>
        Container.Ports.Where(candidate => candidate.Name == port || candidate.ContainerPort.ToString(CultureInfo.InvariantCulture) == port)
            .Select(candidate => candidate.ContainerPort.ToString(CultureInfo.InvariantCulture)).FirstOrDefault();

    private static List<(int Port, string Target)> PortsOf(string service) =>
        [.. Objects.Find<V1Service>(service).Spec.Ports.Select(port => (port.Port, port.TargetPort.Value))];

    private static TimeSpan Duration(string setting) => TimeSpan.ParseExact(Settings[setting], @"hh\:mm\:ss", CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^USER (\d+)$", RegexOptions.Multiline)]
    private static partial Regex User();

    [GeneratedRegex(@"(\d+)/tcp")]
    private static partial Regex TcpPort();
}
