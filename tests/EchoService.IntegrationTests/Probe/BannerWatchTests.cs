using System.Globalization;
using System.Text;
using System.Text.Json;
using EchoService.Probe.Display;
using EchoService.Probe.Events;
using EchoService.Probe.Judging;
using EchoService.Probe.Reporting;
using Spectre.Console;

namespace EchoService.IntegrationTests.Probe;

/// <summary><c>--banner</c>: results by instance, and a target that does not say who answers.</summary>
public sealed class BannerWatchTests
{
    private const int Size = ProbeRuns.Size;

    [Fact]
    public async Task EachInstanceHasItsOwnFigures()
    {
        // Two instances behind one port, by turns; b resets every connection after two messages.
        await using var server = LoopbackServer.Start(async c =>
        {
            var isB = c.Index % 2 == 1;
            await c.SendAsync(Line(isB ? "b" : "a", c.Index));
            if (isB)
            {
                await c.EchoAsync(2, Size);
                await c.ReceiveAsync(Size);
                c.Reset();
                return;
            }

            await c.EchoAsync();
        });
        var report = await ProbeRuns.RunWholeAsync(ProbeRuns.Watch(server.Port) with { Connections = 4, NewRate = 20, Banner = true });

        foreach (var population in (PopulationReport[])[report.Targets[0].Held!, report.Targets[0].New!])
        {
            population.Instances.Select(instance => instance.Name).Order().ShouldBe(["a", "b"]);
            population.Instances.Sum(instance => instance.Connections).ShouldBe(population.Connections.Made);
            population.Instances.Sum(instance => instance.Answered).ShouldBe(population.Messages.Answered);
            population.Instances.Sum(instance => instance.Resets).ShouldBe(population.Connections.Resets);
            population.Instances.Sum(instance => instance.Lost).ShouldBe(population.Messages.Lost);
            population.Events.Where(happened => happened.Kind == ProbeEventKind.InstanceAppeared).Select(happened => (happened.Instance, happened.Detail)).Distinct().Order()
                .ShouldBe([("a", "version 1.0"), ("b", "version 1.0")]);
        }

        var held = report.Targets[0].Held!;
        held.Connections.Resets.ShouldBeGreaterThan(0);
        held.Instances.Single(instance => instance.Name == "a").Resets.ShouldBe(0);
        held.Events.Where(happened => happened.Kind == ProbeEventKind.Reset).ShouldAllBe(happened => happened.Instance == "b");
        // New connections have one message each, which b answers.
        report.Targets[0].New!.Verdict.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task AnInstanceThatComesAndOneThatGoesAreEvents()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.SendAsync(Line(c.Index == 0 ? "old" : "new", c.Index));
            await c.EchoAsync(c.Index == 0 ? 3 : int.MaxValue, Size);
        });
        await using var probe = new RunningProbe(ProbeRuns.Watch(server.Port) with { Connections = 1, Banner = true });
        await probe.WaitForAsync(happened => happened is { Kind: ProbeEventKind.InstanceGone, Instance: "old" });
        var report = await probe.StopAsync();
        report.Targets[0].Held!.Events.Where(happened => happened.Kind is ProbeEventKind.InstanceAppeared or ProbeEventKind.InstanceGone)
            .Select(happened => $"{happened.Kind} {happened.Instance}").ShouldBe(["InstanceAppeared old", "InstanceAppeared new", "InstanceGone old"]);
        report.Targets[0].Held!.Instances.Select(instance => instance.LastAtSeconds is null).ShouldBe([false, true]);
    }

    [Theory]
    [InlineData("", "200ms", "it sends no banner within 200.0 ms")]
    [InlineData("SSH-2.0-OpenSSH_9.9\r\n", "20s", "what it sends first is no banner")]
    [InlineData("{\"instance\":\"a\"}\n", "20s", "what it sends first is no banner")]
    public async Task ATargetWithoutABannerIsSaidToBeOne(string first, string timeout, string why)
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.SendAsync(Encoding.ASCII.GetBytes(first));
            await c.EchoAsync();
        });
        var (exitCode, output, error) = await ProbeProcess.RunAsync("watch", ProbeRuns.Target(server.Port), "--banner", "--timeout", timeout, "--duration", "30s", "--json");
        exitCode.ShouldBe(Verdict.BadArguments);
        output.ShouldBeEmpty();
        error.Trim().ShouldBe($"--banner: {ProbeRuns.Target(server.Port)} is not a port with a banner: {why}. EchoService has one where Echo:BannerPort is set.");
    }

    [Fact]
    public async Task ATargetThatClosesBeforeItsBannerIsNoConnection()
    {
        await using var server = LoopbackServer.Start(c => Task.CompletedTask);
        var report = await ProbeRuns.RunWholeAsync(ProbeRuns.Watch(server.Port) with { Banner = true, Timeout = TimeSpan.FromSeconds(3) });
        report.Verdict.Status.ShouldBe(VerdictStatus.NoConnection);
    }

    [Theory]
    [InlineData(80)]
    [InlineData(200)]
    public async Task TheTableFitsATerminal(int columns)
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.SendAsync(Line("echoservice-7d4b9c6f4-x2x7k", c.Index));
            await c.EchoAsync();
        });
        var report = await ProbeRuns.RunWholeAsync(ProbeRuns.Watch(server.Port) with { NewRate = 20, Banner = true });
        using var output = new StringWriter(CultureInfo.InvariantCulture);
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output), Ansi = AnsiSupport.No });
        console.Profile.Width = columns;
        SummaryTable.Write(console, report);
        var lines = output.ToString().Split('\n');
        lines.ShouldAllBe(line => line.TrimEnd().Length <= columns);
        lines.Count(line => line.StartsWith("echoservice-7d4b9c6f4-x2x7k", StringComparison.Ordinal)).ShouldBe(2, output.ToString());
        var row = lines.Single(line => line.StartsWith("echoservice-7d4b9c6f4-x2x7k", StringComparison.Ordinal) && line.Contains(" held ", StringComparison.Ordinal));
        row.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).ShouldBe(
            ["held", "2", Wording.Count(report.Targets[0].Held!.Messages.Answered), "0", "0", "0", "0", "0"]);
    }

    private static byte[] Line(string instance, int connection) => Encoding.UTF8.GetBytes(
        JsonSerializer.Serialize(new { service = "echoservice", version = "1.0", instance, connection, phase = "serving", management = (string?)null }) + "\n");
}
