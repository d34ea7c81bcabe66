using System.Text.Json;
using System.Text.Json.Nodes;
using EchoService.IntegrationTests.Infrastructure;
using Json.Schema;
using k8s.Models;

namespace EchoService.IntegrationTests.Deployment;

/// <summary>deploy/examples/gateway-api: valid by the documented fields, and every name in it is one that is there.</summary>
public sealed class GatewayApiTests
{
    private static readonly string Folder = Repository.PathOf("deploy", "examples", "gateway-api");

    private static readonly JsonSchema Schema = ReadSchema();

    private static readonly List<JsonElement> Routes = [.. Yaml.Read(Path.Combine(Folder, "tcproute.yaml")), .. Yaml.Read(Path.Combine(Folder, "udproute.yaml"))];

    private static readonly JsonElement Gateway = Yaml.Read(Path.Combine(Folder, "gateway.yaml"))[0];

    [Fact]
    public void IsValid()
    {
        foreach (var one in Routes.Prepend(Gateway))
        {
            Schema.Evaluate(one).IsValid.ShouldBeTrue(one.ToString());
        }
    }

    [Theory]
    [InlineData("\"backendRefs\"", "\"backends\"")]
    [InlineData("\"port\":7}", "\"port\":70000}")]
    [InlineData("/v1alpha2\"", "/v1beta1\"")]
    [InlineData("\"TCPRoute\"", "\"TcpRoute\"")]
    public void WhatIsNotIsFound(string part, string broken)
    {
        var text = JsonSerializer.Serialize(Routes[0]).Replace(part, broken, StringComparison.Ordinal);
        text.ShouldNotBe(JsonSerializer.Serialize(Routes[0]));
        Schema.Evaluate(JsonElement.Parse(text)).IsValid.ShouldBeFalse(text);
    }

    [Fact]
    public void EveryRouteLeadsFromAListenerOfTheGatewayToAPortOfAService()
    {
        var services = Manifests.Apply("deploy", "k8s").Concat(Manifests.Parse(File.ReadAllText(Path.Combine(Folder, "service.yaml")))).OfType<V1Service>().ToList();
        var listeners = Gateway.GetProperty("spec").GetProperty("listeners").EnumerateArray().ToDictionary(listener => Text(listener, "name"));
        var used = new List<string>();
        foreach (var route in Routes)
        {
            var parent = route.GetProperty("spec").GetProperty("parentRefs")[0];
            Text(parent, "name").ShouldBe(Text(Gateway.GetProperty("metadata"), "name"));
            var listener = listeners[Text(parent, "sectionName")];
            used.Add(Text(listener, "name"));
            Text(listener.GetProperty("allowedRoutes").GetProperty("kinds")[0], "kind").ShouldBe(Text(route, "kind"));
            Text(route, "kind").ShouldBe($"{Text(listener, "protocol")}Route");
            var backend = route.GetProperty("spec").GetProperty("rules")[0].GetProperty("backendRefs")[0];
            var service = services.Single(service => service.Metadata.Name == Text(backend, "name"));
            service.Metadata.NamespaceProperty.ShouldBe(Text(route.GetProperty("metadata"), "namespace"));
            service.Spec.Ports.ShouldContain(port => port.Port == backend.GetProperty("port").GetInt32() && port.Protocol == Text(listener, "protocol"));
        }

        used.ShouldBe(listeners.Keys, ignoreOrder: true);
    }

    [Fact]
    public void DatagramsReachTheEchoPortOfPodsThatTakeThem()
    {
        var settings = Manifests.Apply("deploy", "k8s").Find<V1ConfigMap>("echoservice").Data;
        var service = Manifests.Parse(File.ReadAllText(Path.Combine(Folder, "service.yaml"))).Find<V1Service>("echo-udp").Spec;
        service.Ports[0].TargetPort.Value.ShouldBe(settings["Echo__Port"]);
        service.Selector.ShouldBe(Manifests.Apply("deploy", "k8s").Find<V1Service>("echo").Spec.Selector);
        var policy = Manifests.Parse(File.ReadAllText(Path.Combine(Folder, "networkpolicy.yaml"))).Find<V1NetworkPolicy>("echoservice-udp").Spec;
        (policy.Ingress[0].Ports[0].Port.Value, policy.Ingress[0].Ports[0].Protocol).ShouldBe((settings["Echo__Port"], "UDP"));
        policy.PodSelector.ShouldBeSameAs(Manifests.Apply("deploy", "k8s").Find<V1NetworkPolicy>("echoservice").Spec.PodSelector);
        var patch = Yaml.Read(Path.Combine(Folder, "deployment.yaml"))[0];
        patch.GetProperty("spec").GetProperty("template").GetProperty("spec").GetProperty("containers")[0].GetProperty("env")[0].ToString()
            .ShouldBe("""{"name":"Echo__Udp__Enabled","value":"true"}""");
    }

    [Fact]
    public void TheKustomizationNamesEveryFile()
    {
        var kustomization = Yaml.Read(Path.Combine(Folder, "kustomization.yaml"))[0];
        var named = kustomization.GetProperty("resources").EnumerateArray().Select(resource => resource.GetString())
            .Concat(kustomization.GetProperty("patches").EnumerateArray().Select(patch => Text(patch, "path")));
        named.ShouldBe([.. Directory.GetFiles(Folder, "*.yaml").Select(Path.GetFileName).Except(["kustomization.yaml"]), "../../k8s"], ignoreOrder: true);
    }

    private static string Text(JsonElement element, string property) => element.GetProperty(property).GetString()!;

    private static JsonSchema ReadSchema()
    {
        var schema = JsonNode.Parse(File.ReadAllText(Repository.PathOf("tests", "EchoService.IntegrationTests", "Deployment", "gateway-api.schema.json")))!.AsObject();
        // It would bring the draft's own dialect back, which passes over a keyword that does not exist.
        schema.Remove("$schema").ShouldBeTrue();
        return JsonSchema.FromText(schema.ToJsonString(), new BuildOptions { Dialect = Dialect.Draft202012.With([], allowUnknownKeywords: false) });
    }
}
