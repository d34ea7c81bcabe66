using System.Text.RegularExpressions;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.IntegrationTests.Probe;
using EchoService.Probe;
using EchoService.Probe.Events;
using EchoService.Probe.Judging;
using EchoService.Probe.Reporting;
using EchoService.Transport.Faults;

namespace EchoService.IntegrationTests.Faults;

/// <summary>The recipes of docs/faults.md: HAProxy takes their configurations, and the probe says what the page says.</summary>
[Needs(Need.Haproxy)]
public sealed partial class RecipeTests : FaultTests
{
    private const string Before = "before";
    private const string After = "after";

    private static readonly IReadOnlyList<string> Recipes = [.. Configuration().Matches(File.ReadAllText(Repository.PathOf("docs", "faults.md"))).Select(match => match.Groups[1].Value)];

    private EchoHost _other = null!;

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        _other = await StartAsync();
        BytesAreCut = true;
    }

    [Fact]
    public async Task ThereAreFiveAndHaproxyTakesThemWithoutAWarning()
    {
        Recipes.Count.ShouldBe(5);
        foreach (var recipe in Recipes)
        {
            foreach (var which in (string[])[Before, After])
            {
                var file = Path.GetTempFileName();
                await File.WriteAllTextAsync(file, Variant(recipe, which), TestContext.Current.CancellationToken);
                var result = await ChildProcess.RunAsync("haproxy", "-c", "-f", file);
                result.ShouldSucceed();
                result.Error.ShouldNotContain("WARNING");
                File.Delete(file);
            }

            Variant(recipe, Before).ShouldNotBe(Variant(recipe, After));
        }
    }

    [Fact]
    public async Task ServerThatRefusesIsEjectedByItsClients()
    {
        await using (var before = await BalanceAsync(1, Before))
        {
            await before.WaitForAsync("a", "UP");
            var fault = Begin(new FaultSpec(FaultKind.Refuse, Long));
            (await NewAsync(before)).Messages.Lost.ShouldBeGreaterThan(15);
            End(fault);
        }

        await using var after = await BalanceAsync(1, After);
        await after.WaitForAsync("a", "UP");
        Begin(new FaultSpec(FaultKind.Refuse, Long));
        var report = await NewAsync(after);
        // Five in a row, and those that were under way by then.
        report.Messages.Lost.ShouldBeInRange(5, 15);
        await after.WaitForAsync("a", "DOWN");
        ShouldBeWell(await NewAsync(after));
    }

    [Fact]
    public async Task RetryOnAnotherServerHidesWhoRefuses()
    {
        Begin(new FaultSpec(FaultKind.Refuse, Long));
        await using (var before = await BalanceAsync(2, Before))
        {
            (await NewAsync(before)).Verdict.Causes.ShouldBe([ProbeEventKind.LostMessages]);
        }

        await using var after = await BalanceAsync(2, After);
        ShouldBeWell(await NewAsync(after));
    }

    [Fact]
    public async Task TimeoutThatHoldsWhileTheClientGoesOnSendingEndsWhatIsStalled()
    {
        await using (var before = await BalanceAsync(3, Before))
        {
            (await StallAsync(before, TimeSpan.FromSeconds(0.7))).Verdict.Causes.ShouldContain(ProbeEventKind.Stalled);
        }

        await using var after = await BalanceAsync(3, After);
        var report = await StallAsync(after, ProbeRuns.Unhurried);
        ShouldBeWell(report);
        report.Connections.FinAtBoundary.ShouldBe(1);
    }

    [Fact]
    public async Task CheckThatExpectsAnEchoFindsWhoIsReadyAndDead()
    {
        Begin(new FaultSpec(FaultKind.NoAccept, Long));
        await using (var before = await BalanceAsync(4, Before))
        {
            await before.WaitForAsync("a", "UP");
            (await NewAsync(before, timeout: TimeSpan.FromMilliseconds(500))).Verdict.Causes.ShouldContain(ProbeEventKind.Stalled);
        }

        await using var after = await BalanceAsync(4, After);
        await after.WaitForAsync("a", "DOWN");
        ShouldBeWell(await NewAsync(after));
    }

    [Fact]
    public async Task SlowStartSparesNewClientsAServerThatIsNotWarm()
    {
        var before = await WarmAsync(Before);
        before.Messages.Late.ShouldBeGreaterThan(before.Messages.Due / 3);
        var after = await WarmAsync(After);
        after.Messages.Late.ShouldBeLessThan(after.Messages.Due / 5);
    }

    private static string Variant(string recipe, string which) =>
        string.Join('\n', recipe.Split('\n').Where(line => !line.EndsWith($"# {(which == Before ? After : Before)}", StringComparison.Ordinal))) + "\n";

    private static void ShouldBeWell(PopulationReport report) => report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);

    private static ProbeOptions NewOptions(Haproxy haproxy) => ProbeRuns.Watch(haproxy.EndPoint.Port) with { Connections = 0, NewRate = 100 };

    private static async Task<PopulationReport> NewAsync(Haproxy haproxy, TimeSpan? timeout = null) =>
        (await ProbeRuns.RunWholeAsync(NewOptions(haproxy) with { Timeout = timeout ?? ProbeRuns.Unhurried })).Targets.ShouldHaveSingleItem().New!;

    /// <summary>Starts HAProxy as a recipe has it, on other ports.</summary>
    private Task<Haproxy> BalanceAsync(int recipe, string which) => Haproxy.StartAsync(endPoint => Variant(Recipes[recipe - 1], which)
        .Replace("127.0.0.1:7000", endPoint.ToString(), StringComparison.Ordinal)
        .Replace("127.0.0.1:7101", Host.EndPoint.ToString(), StringComparison.Ordinal)
        .Replace("127.0.0.1:7102", _other.EndPoint.ToString(), StringComparison.Ordinal)
        .Replace("port 8101", $"port {Host.ManagementUri.Port}", StringComparison.Ordinal)
        .Replace("port 8102", $"port {_other.ManagementUri.Port}", StringComparison.Ordinal));

    /// <summary>Two held connections, of which the one on this server is stalled when both are there.</summary>
    private async Task<PopulationReport> StallAsync(Haproxy haproxy, TimeSpan timeout)
    {
        var running = ProbeRuns.RunAsync(ProbeRuns.Watch(haproxy.EndPoint.Port) with { Rate = 100, Timeout = timeout });
        await Eventually.TrueAsync(() => Host.Server.Connections.Live.Any(one => one.BytesSent > 0) && _other.Server.Connections.Live.Any());
        var fault = Begin(new FaultSpec(FaultKind.Stall, Long) { Scope = FaultScope.Open });
        var report = await running;
        End(fault);
        return report;
    }

    private async Task<PopulationReport> WarmAsync(string which)
    {
        var unready = Begin(new FaultSpec(FaultKind.Unready, Long));
        await using var haproxy = await BalanceAsync(5, which);
        await haproxy.WaitForAsync("a", "DOWN");
        End(unready);
        await haproxy.WaitForAsync("a", "UP");
        var cold = Begin(new FaultSpec(FaultKind.Throttle, Long) { BytesPerSecond = 100 });
        var report = (await ProbeRuns.RunWholeAsync(NewOptions(haproxy) with { LateAfter = TimeSpan.FromSeconds(0.5) })).Targets.ShouldHaveSingleItem().New!;
        End(cold);
        return report;
    }

    [GeneratedRegex(@"cat > /tmp/recipe\.cfg <<'EOF'\n(.*?)EOF\n", RegexOptions.Singleline)]
    private static partial Regex Configuration();
}
