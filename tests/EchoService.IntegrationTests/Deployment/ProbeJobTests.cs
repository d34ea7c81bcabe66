using k8s;
using k8s.Models;

namespace EchoService.IntegrationTests.Deployment;

/// <summary>deploy/probe: a Job that watches the Service from inside the cluster.</summary>
public sealed class ProbeJobTests
{
    private static readonly IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Base = Manifests.Apply("deploy", "k8s");

    private static readonly IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Probe = Manifests.Apply("deploy", "probe");

    private static V1PodTemplateSpec Pod => Probe.Find<V1Job>("echo-probe").Spec.Template;

    [Fact]
    public void WatchesTheServiceOnceWithTheProbeOfTheSameImage()
    {
        var container = Pod.Spec.Containers.ShouldHaveSingleItem();
        var service = Base.Find<V1Service>("echo");
        container.Image.ShouldBe(Base.Find<V1Deployment>("echoservice").Spec.Template.Spec.Containers[0].Image);
        container.Command.ShouldBe(["/app/echo-probe"]);
        container.Args[0].ShouldBe("watch");
        container.Args[1].ShouldBe($"{service.Metadata.Name}:{service.Spec.Ports.Single(port => port.TargetPort.Value == "banner").Port}");
        ((string[])["--banner", "--explain", "--new-rate"]).ShouldBeSubsetOf(container.Args);
        Probe.Find<V1Job>("echo-probe").Spec.BackoffLimit.ShouldBe(0);
        Pod.Spec.RestartPolicy.ShouldBe("Never");
    }

    [Fact]
    public void IsAsRestrictedAsTheServiceAndTakenForItByNobody()
    {
        var service = Base.Find<V1Deployment>("echoservice").Spec.Template;
        Pod.Spec.SecurityContext.ShouldBeSameAs(service.Spec.SecurityContext);
        Pod.Spec.Containers[0].SecurityContext.ShouldBeSameAs(service.Spec.Containers[0].SecurityContext);
        Pod.Spec.AutomountServiceAccountToken.ShouldBe(false);
        Pod.Metadata.Labels["app.kubernetes.io/name"].ShouldNotBe(service.Metadata.Labels["app.kubernetes.io/name"]);
    }

    [Fact]
    public void ReachesThePodsAndNamesAndIsReachedByNobody()
    {
        var policy = Probe.Find<V1NetworkPolicy>("echo-probe").Spec;
        policy.PodSelector.MatchLabels.ShouldBeSubsetOf(Pod.Metadata.Labels);
        policy.PolicyTypes.ShouldBe(["Ingress", "Egress"]);
        policy.Ingress.ShouldBeNull();
        var settings = Base.Find<V1ConfigMap>("echoservice").Data;
        policy.Egress.SelectMany(rule => rule.Ports).Select(port => port.Port.Value).ShouldBe(
            [settings["Echo__BannerPort"], settings["ASPNETCORE_HTTP_PORTS"], "53", "53"]);
        // And the pods let it in.
        Base.Find<V1NetworkPolicy>("echoservice").Spec.Ingress.Where(rule => rule.Ports.Any(port => port.Port.Value == "management"))
            .SelectMany(rule => rule.FromProperty).Select(peer => peer.PodSelector).OfType<V1LabelSelector>().ShouldHaveSingleItem()
            .MatchLabels.ShouldBe(policy.PodSelector.MatchLabels);
    }
}
