using System.Globalization;
using EchoService.Probe;
using EchoService.Probe.Dialing;
using EchoService.Probe.Display;
using EchoService.Probe.Reporting;

namespace EchoService.IntegrationTests.Probe;

/// <summary>Runs in this process, with times that leave room for a busy machine; a test tightens what it is about.</summary>
internal static class ProbeRuns
{
    public const int Size = 64;

    public static readonly TimeSpan Unhurried = TimeSpan.FromSeconds(20);

    /// <summary>
    /// What is late where every answer is held back for a second: so far below it that the probe's own lag, which falls into
    /// the same second on a busy machine, does not explain the rest.
    /// </summary>
    public static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(50);

    public static ProbeOptions Watch(int port) => new()
    {
        Mode = ProbeMode.Watch,
        Targets = [new ProbeTarget("127.0.0.1", port)],
        Connections = 2,
        Rate = 400,
        Size = Size,
        Duration = TimeSpan.FromMilliseconds(500),
        Timeout = Unhurried,
        LateAfter = Unhurried,
    };

    public static ProbeOptions Load(int port) => new()
    {
        Mode = ProbeMode.Load,
        Targets = [new ProbeTarget("127.0.0.1", port)],
        Connections = 4,
        Size = Size,
        Duration = TimeSpan.FromMilliseconds(500),
        Timeout = Unhurried,
    };

    /// <summary>The figures of the held connections to the only target.</summary>
    public static async Task<PopulationReport> RunAsync(ProbeOptions options) => (await RunWholeAsync(options)).Targets.ShouldHaveSingleItem().Held!;

    public static async Task<ProbeReport> RunWholeAsync(ProbeOptions options)
    {
        using var run = new ProbeRun(options, new NoDisplay());
        var report = await run.ExecuteAsync(TestContext.Current.CancellationToken);
        foreach (var (_, population) in report.Targets.SelectMany(target => target.Populations()))
        {
            CheckSums(population);
        }

        return report;
    }

    /// <summary>What holds of every run.</summary>
    private static void CheckSums(PopulationReport report)
    {
        var messages = report.Messages;
        (messages.Answered + messages.Corrupted + messages.Lost + messages.Unsent).ShouldBe(messages.Due, report.Verdict.Summary);
        report.Latency.Count.ShouldBe(messages.Answered);
        messages.Late.ShouldBeLessThanOrEqualTo(messages.Answered);
        report.Timeline.Sum(interval => interval.Answered).ShouldBe(messages.Answered);
        report.Timeline.Sum(interval => interval.Lost).ShouldBe(messages.Lost + messages.Unsent);
        if (report.Expectation is null)
        {
            (report.Verdict.ExitCode == 0).ShouldBe(report.Verdict.Causes.Count == 0 && report.Connections.Made > 0);
        }
    }

    public static string Target(int port) => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
}
