using System.Text.Json;
using System.Text.Json.Nodes;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Probe.Events;
using EchoService.Probe.Judging;
using EchoService.Probe.Reporting.Formats;
using Json.Schema;

namespace EchoService.IntegrationTests.Probe;

/// <summary>Holds <c>--json</c> to docs/probe.schema.json, and docs/probe.md to the vocabulary.</summary>
public sealed class ReportSchemaTests
{
    private const int Size = ProbeRuns.Size;

    private static readonly string SchemaText = File.ReadAllText(Doc("probe.schema.json"));

    private static readonly JsonSchema Schema = Build(SchemaText);

    private static readonly EvaluationOptions Strict = new() { OutputFormat = OutputFormat.List, RequireFormatValidation = true };

    [Theory]
    [InlineData("load", 0)]
    [InlineData("watch", 0)]
    [InlineData("load", 1)]
    [InlineData("watch", 1)]
    [InlineData("watch", 3)]
    [InlineData("watch", 0, "--new-rate", "20", "--max-lost", "0.1%", "--max-gap", "20s")]
    [InlineData("watch", 0, "--new-rate", "20", "--expect-held", "alive", "--expect-new", "echo")]
    [InlineData("watch", 1, "--new-rate", "20", "--max-resets", "1")]
    public async Task WhatTheProgramPrintsFollowsTheSchema(string command, int expectedExitCode, params string[] more)
    {
        await using var server = LoopbackServer.Start(async c =>
        {
            if (expectedExitCode == 0)
            {
                await c.EchoAsync();
                return;
            }

            await c.EchoAsync(3, Size);
            await c.SendAsync(new byte[Size]);
            c.Reset();
        });
        if (expectedExitCode == 3)
        {
            await server.StopAsync();
        }

        var timeout = expectedExitCode == 3 ? "300ms" : "20s";
        var (exitCode, output, error) = await ProbeProcess.RunAsync([command, ProbeRuns.Target(server.Port), "--json", "--duration", "1s", "--timeout", timeout, "--connections", "2", .. more]);

        exitCode.ShouldBe(expectedExitCode, output);
        error.ShouldBeEmpty();
        using var document = JsonDocument.Parse(output);
        Faults(document.RootElement).ShouldBeEmpty();
        document.RootElement.GetProperty("verdict").GetProperty("exitCode").GetInt32().ShouldBe(exitCode);
    }

    [Fact]
    public async Task WhatIsSaidOfDatagramsFollowsTheSchemaToo()
    {
        await using var server = DatagramServer.Start((server, from, datagram) =>
        {
            server.Answer(from, datagram);
            server.Answer(from, datagram);
        });

        var (exitCode, output, error) = await ProbeProcess.RunAsync("watch", $"udp://{ProbeRuns.Target(server.Port)}", "--json", "--duration", "1s", "--timeout", "20s", "--late", "20s", "--new-rate", "20", "--max-reordered", "0.1%");

        exitCode.ShouldBe(1, output);
        error.ShouldBeEmpty();
        using var document = JsonDocument.Parse(output);
        Faults(document.RootElement).ShouldBeEmpty();
        document.RootElement.GetProperty("targets")[0].GetProperty("protocol").GetString().ShouldBe("udp");
        document.RootElement.GetProperty("verdict").GetProperty("causes").EnumerateArray().Select(cause => cause.GetString()).ShouldBe(["duplicated"]);
    }

    /// <summary>That the check above can fail.</summary>
    [Fact]
    public async Task SchemaRefusesWhatIsMissingUnknownOrOutOfRange()
    {
        await using var server = LoopbackServer.Start(c => c.EchoAsync());
        var good = ReportJson.Write(await ProbeRuns.RunWholeAsync(ProbeRuns.Load(server.Port)));
        FaultsOf(good, _ => { }).ShouldBeEmpty();

        FaultsOf(good, report => report.Remove("verdict")).Count.ShouldBe(1);
        FaultsOf(good, report => report["surprise"] = 1).Count.ShouldBe(1);
        FaultsOf(good, report => Held(report)["messages"]!["lost"] = -1).Count.ShouldBe(1);
        FaultsOf(good, report => Held(report)["messages"]!["lost"] = 0.5).Count.ShouldBe(1);
        FaultsOf(good, report => report["verdict"]!["causes"] = new JsonArray("gremlins")).Count.ShouldBe(1);
        FaultsOf(good, report => report["startedAt"] = "2026-01-01T00:00:00+01:00").Count.ShouldBe(1);
    }

    [Fact]
    [Needs(Need.Signals)]
    public async Task WhatIsToldByInstanceFollowsTheSchemaToo()
    {
        await using var service = await EchoProcess.StartWithBannerAsync("Drain:ReadinessDelay=00:00:00", "Drain:Spread=00:00:00");
        await using var probe = new RunningProbe(ProbeRuns.Watch((await service.BannerEndPointAsync()).Port) with { NewRate = 20, Banner = true, Explain = true });
        await service.WaitForEventReaderAsync();
        service.Signal(System.Runtime.InteropServices.PosixSignal.SIGTERM);
        await probe.WaitForExplanationAsync("because of its drain");
        using var document = JsonDocument.Parse(ReportJson.Write(await probe.StopAsync()));
        Faults(document.RootElement).ShouldBeEmpty();
        document.RootElement.GetProperty("targets")[0].GetProperty("held").GetProperty("explanations").GetArrayLength().ShouldBeGreaterThan(0);
    }

    [Fact]
    public void SchemaMakesNoUseOfAKeywordThatDoesNotExist() =>
        Should.Throw<JsonSchemaException>(() => Build(SchemaText.Replace("\"minimum\"", "\"minimun\"", StringComparison.Ordinal))).Message.ShouldContain("minimun");

    [Fact]
    public void VocabularyIsTheSameInCodeSchemaAndDocumentation()
    {
        var kinds = Enum.GetNames<ProbeEventKind>().Select(JsonNamingPolicy.CamelCase.ConvertName).ToArray();
        var documentation = File.ReadAllText(Doc("probe.md"));

        JsonDocument.Parse(SchemaText).RootElement.GetProperty("$defs").GetProperty("kind").GetProperty("enum").EnumerateArray().Select(kind => kind.GetString()).ShouldBe(kinds);
        kinds.ShouldAllBe(kind => documentation.Contains($"| `{kind}` |", StringComparison.Ordinal));
        foreach (var status in Enum.GetNames<VerdictStatus>().Select(JsonNamingPolicy.CamelCase.ConvertName))
        {
            documentation.ShouldContain($"| `{status}` |");
        }
    }

    private static JsonNode Held(JsonObject report) => report["targets"]![0]!["held"]!;

    private static IReadOnlyList<string> FaultsOf(string report, Action<JsonObject> change)
    {
        var changed = JsonNode.Parse(report)!.AsObject();
        change(changed);
        using var document = JsonDocument.Parse(changed.ToJsonString());
        return Faults(document.RootElement);
    }

    /// <summary>Reads a schema; a keyword that does not exist is an error here, where the draft would pass it over.</summary>
    private static JsonSchema Build(string text)
    {
        var schema = JsonNode.Parse(text)!.AsObject();
        // It would bring the draft's own dialect back.
        schema.Remove("$schema").ShouldBeTrue();
        return JsonSchema.FromText(schema.ToJsonString(), new BuildOptions { Dialect = Dialect.Draft202012.With([], allowUnknownKeywords: false) });
    }

    /// <summary>What of the schema does not hold, as <c>/targets/0: required …</c>.</summary>
    private static IReadOnlyList<string> Faults(JsonElement document)
    {
        var result = Schema.Evaluate(document, Strict);
        return result.IsValid
            ? []
            : [.. from part in result.Details ?? []
                  from error in part.Errors ?? new Dictionary<string, string>()
                  select $"{part.InstanceLocation}: {error.Key} {error.Value}"];
    }

    private static string Doc(string name) => Path.Combine(AppContext.BaseDirectory, "docs", name);
}
