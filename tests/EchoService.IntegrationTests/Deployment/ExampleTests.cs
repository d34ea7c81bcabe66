using System.Globalization;
using EchoService.IntegrationTests.Infrastructure;
using k8s;
using k8s.Models;

namespace EchoService.IntegrationTests.Deployment;

/// <summary>deploy/examples: what they add to the base, and that it fits.</summary>
public sealed class ExampleTests
{
    private static readonly IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Base = Manifests.Apply("deploy", "k8s");

    [Fact]
    public void LoadBalancerKeepsTheClientAddressAndLeavesManagementInside()
    {
        var service = Manifests.Apply("deploy", "examples", "load-balancer").Find<V1Service>("echo-public").Spec;
        service.Type.ShouldBe("LoadBalancer");
        service.ExternalTrafficPolicy.ShouldBe("Local");
        service.Ports.Select(port => port.TargetPort.Value).ShouldBe(["echo"]);
        service.Selector.ShouldBe(Base.Find<V1Service>("echo").Spec.Selector);
    }

    [Fact]
    public void AutoscaleOnConnectionsReplacesTheAutoscalerOfTheBase()
    {
        var autoscaler = Manifests.Apply("deploy", "examples", "autoscale-on-connections").ShouldHaveSingleItem().ShouldBeOfType<V2HorizontalPodAutoscaler>();
        var replaced = Base.Find<V2HorizontalPodAutoscaler>("echoservice");
        autoscaler.Metadata.Name.ShouldBe(replaced.Metadata.Name);
        autoscaler.Metadata.NamespaceProperty.ShouldBe(replaced.Metadata.NamespaceProperty);
        autoscaler.Spec.ScaleTargetRef.ShouldBeSameAs(replaced.Spec.ScaleTargetRef);
        autoscaler.Spec.Metrics.Count.ShouldBe(2);
        autoscaler.Spec.Metrics[0].Pods.Metric.Name.ShouldBe("echo_connections_active");
    }

    [Theory]
    [Needs(Need.Kustomize)]
    [InlineData("overlay")]
    [InlineData("management-key")]
    [InlineData("faults")]
    [InlineData("proxy-protocol")]
    public async Task RendersToValidObjects(string name) =>
        (await Manifests.KustomizeAsync("deploy", "examples", name)).Count.ShouldBeGreaterThanOrEqualTo(Base.Count);

    [Fact]
    [Needs(Need.Kustomize)]
    public async Task FaultsAreOnWhereTheExampleSaysSoAndNowhereElse()
    {
        var container = (await Manifests.KustomizeAsync("deploy", "examples", "faults")).Find<V1Deployment>("echoservice").Spec.Template.Spec.Containers[0];
        container.Env.Single(variable => variable.Name == "Faults__Enabled").Value.ShouldBe("true");
        Base.Find<V1Deployment>("echoservice").Spec.Template.Spec.Containers[0].Env.ShouldAllBe(variable => variable.Name != "Faults__Enabled");
        Base.Find<V1ConfigMap>("echoservice").Data.Keys.ShouldAllBe(key => !key.StartsWith("Faults", StringComparison.Ordinal));
    }

    [Fact]
    [Needs(Need.Kustomize)]
    public async Task OverlayPutsEveryObjectIntoTheOtherNamespaceWithTheOtherImage()
    {
        var objects = await Manifests.KustomizeAsync("deploy", "examples", "overlay");
        objects[0].ShouldBeOfType<V1Namespace>().Metadata.Name.ShouldBe("echo-staging");
        objects.Skip(1).ShouldAllBe(one => one.Metadata.NamespaceProperty == "echo-staging");
        objects.Find<V1Deployment>("echoservice").Spec.Template.Spec.Containers[0].Image.ShouldBe($"registry.example.com/platform/echoservice:{Repository.Version}");
    }

    [Fact]
    [Needs(Need.Kustomize)]
    public async Task ManagementKeyIsTheFileThatTheSecretIsMountedAsAndTheServiceMayReadIt()
    {
        var pod = (await Manifests.KustomizeAsync("deploy", "examples", "management-key")).Find<V1Deployment>("echoservice").Spec.Template.Spec;
        var container = pod.Containers[0];
        var mount = container.VolumeMounts.Single(candidate => candidate.Name == "management-key");
        container.Env.ShouldContain(variable => variable.Name == "Management__ApiKeyFile" && variable.Value == $"{mount.MountPath}/key");
        pod.Volumes[0].Secret.SecretName.ShouldBe("echoservice-management");
        // 0440 in octal.
        pod.Volumes[0].Secret.DefaultMode.ShouldBe(288);
        pod.SecurityContext.FsGroup.ShouldNotBeNull();
        pod.SecurityContext.FsGroup.ShouldBe(pod.SecurityContext.RunAsGroup);
    }

    [Fact]
    [Needs(Need.Kustomize)]
    public async Task ProxyProtocolLetsOnlyHaproxyReachTheEchoPortWhichDemandsTheHeaderThatHaproxySends()
    {
        var objects = await Manifests.KustomizeAsync("deploy", "examples", "proxy-protocol");
        var haproxy = objects.Find<V1Deployment>("echo-haproxy").Spec.Template;
        var settings = objects.Find<V1ConfigMap>("echoservice").Data;
        // A setting of the map alone would not reach pods that run: the map is the base's, and the pods' own settings differ.
        settings.ShouldBe(Base.Find<V1ConfigMap>("echoservice").Data, ignoreOrder: true);
        var pod = objects.Find<V1Deployment>("echoservice").Spec.Template;
        pod.Spec.Containers[0].Env.Single(variable => variable.Name == "Echo__ProxyProtocol").Value.ShouldBe("required");
        pod.Spec.Containers[0].Env.Single(variable => variable.Name == "Echo__TrustedProxies__0").Value.ShouldMatch(@"^[\d.]+/\d+$");
        var ingress = objects.Find<V1NetworkPolicy>("echoservice").Spec.Ingress;
        ingress[0].ShouldBeSameAs(new V1NetworkPolicyIngressRule
        {
            FromProperty = [new V1NetworkPolicyPeer { PodSelector = new V1LabelSelector { MatchLabels = haproxy.Metadata.Labels } }],
            Ports = [new V1NetworkPolicyPort { Port = "echo", Protocol = "TCP" }, new V1NetworkPolicyPort { Port = "banner", Protocol = "TCP" }],
        });
        // The rest of the list is the base's, which a patch replaces as a whole.
        ingress.Skip(1).ToArray().ShouldBeSameAs(Base.Find<V1NetworkPolicy>("echoservice").Spec.Ingress.Skip(1).ToArray());
        objects.Find<V1Service>("echo").Spec.Selector.ShouldBe(haproxy.Metadata.Labels);
        var configuration = await File.ReadAllTextAsync(Repository.PathOf("deploy", "examples", "proxy-protocol", "haproxy.cfg"), TestContext.Current.CancellationToken);
        configuration.ShouldContain($"echo-pods.echo.svc.cluster.local:{settings["Echo__Port"]} ");
        configuration.ShouldContain($"echo-pods.echo.svc.cluster.local:{settings["Echo__BannerPort"]} ");
        configuration.ShouldMatch("server-template .* send-proxy-v2 .*check-send-proxy");
        var pods = objects.Find<V1Service>("echo-pods").Spec;
        pods.ClusterIP.ShouldBe("None");
        // While pods roll, neither HAProxy nor a client without it reaches those that would not understand it.
        pods.Selector.ShouldBeSubsetOf(pod.Metadata.Labels);
        pod.Metadata.Labels["speaks"].ShouldNotBe(Base.Find<V1Service>("echo").Spec.Selector["speaks"]);
        Base.Find<V1Deployment>("echoservice").Spec.Template.Metadata.Labels["speaks"].ShouldNotBe(pods.Selector["speaks"]);
        pods.Ports.Select(port => port.Port.ToString(CultureInfo.InvariantCulture)).ShouldBe([settings["Echo__Port"], settings["Echo__BannerPort"]]);
        haproxy.Spec.Containers[0].SecurityContext.ShouldBeSameAs(objects.Find<V1Deployment>("echoservice").Spec.Template.Spec.Containers[0].SecurityContext);
    }

    [Theory]
    [Needs(Need.Haproxy)]
    [InlineData("deploy/examples/proxy-protocol/haproxy.cfg")]
    [InlineData("docs/haproxy.cfg")]
    public async Task HaproxyTakesTheConfiguration(string file) =>
        (await ChildProcess.RunAsync("haproxy", "-c", "-f", file)).ShouldSucceed();
}
