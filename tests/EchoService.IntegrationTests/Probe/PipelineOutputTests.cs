using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Xml.Linq;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Probe;

/// <summary>What pipelines and other programs read: files that the real program wrote.</summary>
public sealed class PipelineOutputTests : IDisposable
{
    private const int Size = ProbeRuns.Size;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("echo-probe");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    public async Task JUnitHasASuiteForEachPopulationAndACaseForEachCause(int expectedExitCode)
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(expectedExitCode == 0 ? int.MaxValue : 3, Size);
            // So that there is one to be lost.
            await c.ReceiveAsync(Size);
            c.Reset();
        });
        if (expectedExitCode == 3)
        {
            await server.StopAsync();
        }

        var file = Path.Combine(_folder.FullName, "probe.xml");
        var timeout = expectedExitCode == 3 ? "300ms" : "20s";
        var (exitCode, output, _) = await ProbeProcess.RunAsync("watch", ProbeRuns.Target(server.Port), "--new-rate", "20", "--duration", "1s", "--timeout", timeout, "--late", "20s", "--junit", file);

        exitCode.ShouldBe(expectedExitCode, output);
        var suites = XDocument.Load(file).Root!.Elements("testsuite").ToArray();
        suites.Select(suite => suite.Attribute("name")!.Value).ShouldBe([$"{ProbeRuns.Target(server.Port)} held", $"{ProbeRuns.Target(server.Port)} new"]);
        foreach (var suite in suites)
        {
            suite.Elements("testcase").Count().ToString(CultureInfo.InvariantCulture).ShouldBe(suite.Attribute("tests")!.Value);
            suite.Descendants("failure").Count().ToString(CultureInfo.InvariantCulture).ShouldBe(suite.Attribute("failures")!.Value);
            suite.Descendants("error").Count().ToString(CultureInfo.InvariantCulture).ShouldBe(suite.Attribute("errors")!.Value);
        }

        var failed = suites[0].Descendants("failure").Select(failure => failure.Parent!.Attribute("name")!.Value).ToArray();
        failed.ShouldBe(expectedExitCode switch
        {
            0 => [],
            1 => ["reset", "lostMessages"],
            _ => ["refused"],
        });
    }

    [Fact]
    public async Task DatagramsHaveTheirOwnCasesAndEvents()
    {
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            server.Answer(from, datagram);
            server.Answer(from, datagram);
        });
        var (junit, events) = (Path.Combine(_folder.FullName, "udp.xml"), Path.Combine(_folder.FullName, "udp.ndjson"));

        var (exitCode, output, _) = await ProbeProcess.RunAsync("watch", $"udp://{ProbeRuns.Target(server.Port)}", "--duration", "1s", "--timeout", "20s", "--late", "20s", "--junit", junit, "--events", events);

        exitCode.ShouldBe(1, output);
        output.ShouldContain(": came twice");
        output.ShouldContain("flow 1");
        var suite = XDocument.Load(junit).Root!.Elements("testsuite").ShouldHaveSingleItem();
        var cases = suite.Elements("testcase").Select(one => one.Attribute("name")!.Value).ToArray();
        cases.ShouldContain("stuckFlow");
        cases.ShouldNotContain("reset");
        suite.Descendants("failure").Select(failure => failure.Parent!.Attribute("name")!.Value).ShouldBe(["duplicated"]);
        (await File.ReadAllLinesAsync(events, TestContext.Current.CancellationToken))[0].ShouldContain("\"kind\":\"duplicated\"");
    }

    [Fact]
    [Needs(Need.Signals)]
    public async Task EventsAreWrittenAsTheyHappen()
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            await c.EchoAsync(3, Size);
            c.Reset();
        });
        var file = Path.Combine(_folder.FullName, "events.ndjson");
        await using var probe = ProbeProcess.Start("watch", ProbeRuns.Target(server.Port), "--duration", "0", "--timeout", "20s", "--events", file, "--json");

        // While it runs.
        await Eventually.TrueAsync(() => File.Exists(file) && File.ReadAllText(file).Contains("reset", StringComparison.Ordinal));
        probe.Signal(PosixSignal.SIGTERM);
        var (_, output, _) = await probe.ExitAsync();

        var lines = await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken);
        lines.ShouldNotBeEmpty();
        foreach (var line in lines)
        {
            using var one = JsonDocument.Parse(line);
            one.RootElement.EnumerateObject().Select(property => property.Name).ShouldBe(["at", "atSeconds", "target", "population", "connection", "kind", "instance", "detail"]);
            one.RootElement.GetProperty("population").GetString().ShouldBe("held");
        }

        using var report = JsonDocument.Parse(output);
        report.RootElement.GetProperty("options").GetProperty("durationSeconds").GetDouble().ShouldBe(0);
        report.RootElement.GetProperty("interrupted").GetBoolean().ShouldBeTrue();
    }
}
