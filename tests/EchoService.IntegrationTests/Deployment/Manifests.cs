using EchoService.IntegrationTests.Infrastructure;
using k8s;
using k8s.Models;

namespace EchoService.IntegrationTests.Deployment;

/// <summary>Kubernetes objects, read as strictly as the API server does.</summary>
internal static class Manifests
{
    /// <summary>What <c>kubectl apply -f</c> of a folder sends, in its order.</summary>
    public static IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Apply(params string[] folder) =>
        [.. Files(folder).SelectMany(file => Parse(File.ReadAllText(file)))];

    /// <summary>What <c>kubectl apply -k</c> of a folder sends.</summary>
    public static async Task<IReadOnlyList<IKubernetesObject<V1ObjectMeta>>> KustomizeAsync(params string[] folder) =>
        Parse((await ChildProcess.RunAsync("kubectl", "kustomize", Repository.PathOf(folder))).ShouldSucceed());

    public static IReadOnlyList<string> Files(params string[] folder) =>
        [.. Directory.GetFiles(Repository.PathOf(folder), "*.yaml").Order(StringComparer.Ordinal)];

    /// <summary>Reads objects as the models of their kinds.</summary>
    /// <exception cref="Exception">A kind or a field does not exist, a value has another type, a key is there twice, or a required field is not there.</exception>
    public static IReadOnlyList<IKubernetesObject<V1ObjectMeta>> Parse(string text)
    {
        var objects = KubernetesYaml.LoadAllFromString(text, null, strict: true).Cast<IKubernetesObject<V1ObjectMeta>>().ToList();
        foreach (var one in objects)
        {
            if (MissingFields(one) is { Count: > 0 } missing)
            {
                throw new InvalidDataException($"{one.Kind} {one.Metadata?.Name}: {string.Join(", ", missing)} must be given");
            }
        }

        return objects;
    }

    /// <summary>The object of a type and name.</summary>
    public static T Find<T>(this IEnumerable<IKubernetesObject<V1ObjectMeta>> objects, string name) => (T)objects.Single(one => one is T && one.Metadata.Name == name);

    /// <summary>The service's settings as the kubelet makes them: the map, and over it what the Deployment says itself.</summary>
    public static Dictionary<string, string> Environment(V1ConfigMap map, V1Deployment deployment)
    {
        var settings = new Dictionary<string, string>(map.Data);
        foreach (var variable in deployment.Spec.Template.Spec.Containers[0].Env.Where(variable => variable.Name.StartsWith("Echo__", StringComparison.Ordinal)))
        {
            settings[variable.Name] = variable.Value;
        }

        return settings;
    }

    public static void ShouldBeSameAs(this object? actual, object? expected) => KubernetesJson.Serialize(actual).ShouldBe(KubernetesJson.Serialize(expected));

    /// <summary>Fields without which the API server takes no object of a kind that is used here; the models do not know them.</summary>
    private static List<string> MissingFields(IKubernetesObject<V1ObjectMeta> one)
    {
        (string Field, object? Value)[] required = one switch
        {
            V1Deployment { Spec: var spec } =>
            [
                ("spec.selector", spec?.Selector), ("spec.template.spec.containers", spec?.Template?.Spec?.Containers),
                .. (spec?.Template?.Spec?.Containers ?? []).SelectMany(container => new (string, object?)[] { ("containers.name", container.Name), ("containers.image", container.Image) }),
            ],
            V1Service { Spec: var spec } => [("spec.ports", spec?.Ports), .. (spec?.Ports ?? []).Select(port => ("spec.ports.port", (object?)(port.Port == 0 ? null : port.Port)))],
            V2HorizontalPodAutoscaler { Spec: var spec } => [("spec.scaleTargetRef", spec?.ScaleTargetRef), ("spec.maxReplicas", spec?.MaxReplicas is null or 0 ? null : spec.MaxReplicas)],
            V1NetworkPolicy { Spec: var spec } => [("spec.podSelector", spec?.PodSelector)],
            V1PodDisruptionBudget { Spec: var spec } => [("spec.selector", spec?.Selector)],
            V1Job { Spec: var spec } => [("spec.template.spec.containers", spec?.Template?.Spec?.Containers)],
            _ => [],
        };
        return [.. required.Append((Field: "metadata.name", Value: one.Metadata?.Name)).Where(field => field.Value is null).Select(field => field.Field)];
    }
}
