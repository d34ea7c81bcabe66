using EchoService.IntegrationTests.Infrastructure;
using k8s.Models;

namespace EchoService.IntegrationTests.Deployment;

/// <summary>The ConfigMap from which Grafana's sidecar loads the dashboard holds the one of deploy/monitoring.</summary>
public sealed class DashboardManifestTests
{
    private const string Update = "UPDATE_DASHBOARD";

    [Fact]
    public async Task HoldsTheDashboardOfMonitoring()
    {
        var dashboard = await File.ReadAllTextAsync(Repository.PathOf("deploy", "monitoring", "grafana-dashboard.json"), TestContext.Current.CancellationToken);
        var path = Repository.PathOf("deploy", "k8s", "60-dashboard.yaml");
        // A literal block keeps the text as it is, so that a change shows as the same few lines in both files.
        var block = string.Concat(dashboard.TrimEnd().Split('\n').Select(line => line.Length > 0 ? $"    {line}\n" : "\n"));
        var made = $"""
            # Made from deploy/monitoring/grafana-dashboard.json by `UPDATE_DASHBOARD=1 dotnet test tests/EchoService.IntegrationTests
            # --filter DashboardManifestTests`; change that one.
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: echoservice-dashboard
              namespace: echo
              labels:
                app.kubernetes.io/name: echoservice
                # What the sidecar of Grafana's Helm chart looks for.
                grafana_dashboard: "1"
            data:
              echoservice.json: |

            """.ReplaceLineEndings("\n") + block;
        if (Environment.GetEnvironmentVariable(Update) == "1")
        {
            await File.WriteAllTextAsync(path, made, TestContext.Current.CancellationToken);
        }

        (await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken)).ShouldBe(made, $"{Update}=1 writes it anew");
        var configMap = Manifests.Parse(made).ShouldHaveSingleItem().ShouldBeOfType<V1ConfigMap>();
        configMap.Metadata.Labels["grafana_dashboard"].ShouldBe("1");
        configMap.Data.ShouldHaveSingleItem().ShouldBe(new("echoservice.json", dashboard));
    }
}
