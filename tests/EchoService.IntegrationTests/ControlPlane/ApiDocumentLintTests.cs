using System.Text.Json.Nodes;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>The committed API document before a linter; that it is what the code serves, <see cref="ApiDocumentTests"/> says.</summary>
[Needs(Need.Linters)]
public sealed class ApiDocumentLintTests
{
    private static readonly string Document = Repository.PathOf("docs", "openapi.json");

    [Fact]
    public async Task PassesTheLinter() => (await LintAsync(Document)).ShouldSucceed();

    [Fact]
    public async Task WouldNotPassItWithAFault()
    {
        var document = JsonNode.Parse(await File.ReadAllTextAsync(Document, TestContext.Current.CancellationToken))!;
        document["paths"]!["/stats"]!["get"]!.AsObject().Remove("operationId").ShouldBeTrue();
        var folder = Directory.CreateTempSubdirectory("openapi-");
        try
        {
            var faulty = Path.Combine(folder.FullName, "openapi.json");
            await File.WriteAllTextAsync(faulty, document.ToJsonString(), TestContext.Current.CancellationToken);
            var (exitCode, output, error) = await LintAsync(faulty);
            exitCode.ShouldNotBe(0);
            (output + error).ShouldContain("operation-operationId");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task<ProcessResult> LintAsync(string document)
    {
        var folder = Repository.PathOf("eng", "lint");
        await using var linter = ChildProcess.Start("node", [Path.Combine(folder, "node_modules", "@redocly", "cli", "bin", "cli.js"), "lint", document, "--config", "redocly.yaml"], start =>
        {
            start.WorkingDirectory = folder;
            start.Environment["REDOCLY_TELEMETRY"] = "off";
            start.Environment["REDOCLY_SUPPRESS_UPDATE_NOTICE"] = "true";
        });
        return await linter.ExitAsync();
    }
}
