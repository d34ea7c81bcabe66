using System.Text.RegularExpressions;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>Holds <c>deploy/monitoring</c> and <c>docs/metrics.md</c> to what the service exports.</summary>
public sealed partial class MonitoringFilesTests
{
    [Fact]
    public async Task DashboardAndAlertsNameOnlyMetricsThatAreExported()
    {
        var exported = await ExportedAsync();
        var named = MetricNames().Matches(string.Join('\n', Dashboard.Read().Queries.Select(query => query.Expression)) + ReadRules())
            .Select(match => match.Value).ToHashSet();
        named.Count.ShouldBeGreaterThan(20);
        named.Except(exported).ShouldBeEmpty();
    }

    [Fact]
    public async Task DocumentationListsEveryMetricOfTheServiceAndNoOther()
    {
        var documented = DocumentedNames().Matches(File.ReadAllText(Repository.PathOf("docs", "metrics.md"))).Select(match => match.Groups[1].Value).ToHashSet();
        await using var service = await MonitoredService.StartAsync();
        await UseAsync(service);
        var exported = (await service.ScrapeAsync()).Types.Keys.Where(name => name.StartsWith("echo_", StringComparison.Ordinal));
        documented.ShouldBe(exported, ignoreOrder: true);
    }

    [Fact]
    public void DashboardHasItsRowsAndVariablesAndNothingOverlaps()
    {
        var dashboard = Dashboard.Read();
        dashboard.Rows.ShouldBe(["Traffic and turnaround", "Connections and limits", "Closes and rejections by reason", "Drain", "Faults", "Runtime"]);
        dashboard.Root.GetProperty("templating").GetProperty("list").EnumerateArray().Select(variable => variable.GetProperty("name").GetString())
            .ShouldBe(["datasource", "namespace", "pod"]);
        dashboard.Root.GetProperty("schemaVersion").GetInt32().ShouldBeGreaterThanOrEqualTo(39);
        dashboard.Root.GetProperty("id").ValueKind.ShouldBe(System.Text.Json.JsonValueKind.Null);

        var all = dashboard.Root.GetProperty("panels").EnumerateArray().ToList();
        all.Select(panel => panel.GetProperty("id").GetInt32()).ShouldBeUnique();
        var cells = all.SelectMany(panel =>
        {
            var at = panel.GetProperty("gridPos");
            var (x, y) = (at.GetProperty("x").GetInt32(), at.GetProperty("y").GetInt32());
            (x + at.GetProperty("w").GetInt32()).ShouldBeLessThanOrEqualTo(24);
            return from column in Enumerable.Range(x, at.GetProperty("w").GetInt32())
                   from line in Enumerable.Range(y, at.GetProperty("h").GetInt32())
                   select (column, line);
        });
        cells.ShouldBeUnique();
        dashboard.Annotations.ShouldHaveSingleItem().GetProperty("expr").GetString().ShouldBe("sum by (pod, kind) (echo_faults_active{namespace=~\"$namespace\", pod=~\"$pod\"}) > 0");
        foreach (var panel in dashboard.Panels)
        {
            panel.GetProperty("description").GetString().ShouldNotBeNullOrEmpty();
            panel.GetProperty("datasource").GetProperty("uid").GetString().ShouldBe("${datasource}");
            panel.GetProperty("targets").EnumerateArray().ShouldAllBe(target =>
                target.GetProperty("datasource").GetProperty("uid").GetString() == "${datasource}"
                && target.GetProperty("expr").GetString()!.Contains("namespace=~\"$namespace\", pod=~\"$pod\"", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void OperatorsRulesAreTheRuleFile()
    {
        var spec = File.ReadAllText(Repository.PathOf("deploy", "monitoring", "operator", "prometheusrule.yaml")).Split("\nspec:\n")[1];
        var groups = ReadRules();
        spec.Split('\n').Select(line => line.Length > 0 ? line[2..] : "").ShouldBe(groups[groups.IndexOf("groups:\n", StringComparison.Ordinal)..].Split('\n'));
    }

    [Theory]
    [InlineData("check", "config", "deploy/monitoring/prometheus.yml")]
    [InlineData("check", "rules", "deploy/monitoring/prometheus-rules.yaml")]
    [InlineData("test", "rules", "deploy/monitoring/prometheus-rules.test.yaml")]
    [Needs(Need.Prometheus)]
    public async Task PromtoolAccepts(params string[] arguments)
    {
        (await ChildProcess.RunAsync("promtool", arguments)).ShouldSucceed();
    }

    [Fact]
    public void EveryAlertIsTestedBothWays()
    {
        var tests = File.ReadAllText(Repository.PathOf("deploy", "monitoring", "prometheus-rules.test.yaml"));
        foreach (var alert in Alerts().Matches(ReadRules()).Select(match => match.Groups[1].Value))
        {
            var cases = tests.Split("- alertname: ").Where(test => test.StartsWith(alert + "\n", StringComparison.Ordinal)).ToList();
            cases.Count(test => test.Contains("exp_labels", StringComparison.Ordinal)).ShouldBeGreaterThan(0, alert);
            cases.Count(test => test.Contains("exp_alerts: []", StringComparison.Ordinal)).ShouldBeGreaterThan(0, alert);
        }
    }

    private static string ReadRules() => File.ReadAllText(Repository.PathOf("deploy", "monitoring", "prometheus-rules.yaml"));

    /// <summary>Names of all samples of a service that was used.</summary>
    private static async Task<HashSet<string>> ExportedAsync()
    {
        await using var service = await MonitoredService.StartAsync();
        await UseAsync(service);
        return [.. (await service.ScrapeAsync()).Samples.Keys.Select(Exposition.NameOf)];
    }

    private static async Task UseAsync(MonitoredService service)
    {
        using var client = await EchoClient.ConnectAsync(service.EndPoint);
        await client.EchoAsync(1000);
        await client.FinishAsync();
        await service.AllGoneAsync();
        using var stats = await service.Http.GetAsync(new Uri("/stats", UriKind.Relative), TestContext.Current.CancellationToken);
    }

    [GeneratedRegex(@"\b(echo|process|dotnet|http)_[a-z0-9_]+\b")]
    private static partial Regex MetricNames();

    [GeneratedRegex(@"^\| `(echo_[a-z_]+)", RegexOptions.Multiline)]
    private static partial Regex DocumentedNames();

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alerts();
}
