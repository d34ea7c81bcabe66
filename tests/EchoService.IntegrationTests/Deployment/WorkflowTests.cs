using System.Text.RegularExpressions;
using EchoService.IntegrationTests.Infrastructure;
using YamlDotNet.RepresentationModel;

namespace EchoService.IntegrationTests.Deployment;

/// <summary>.github: workflows that are sound, pinned, bounded and allowed no more than they need.</summary>
public sealed partial class WorkflowTests
{
    public static TheoryData<string> Files => ["ci.yml", "codeql.yml", "rebuild.yml", "release.yml"];

    [Fact]
    public void TheWorkflowsAreThere() =>
        Directory.GetFiles(Repository.PathOf(".github", "workflows")).Select(Path.GetFileName).Order(StringComparer.Ordinal).ShouldBe(Files.Select(row => row.Data));

    [Theory]
    [MemberData(nameof(Files))]
    [Needs(Need.Linters)]
    public async Task PassesActionlint(string file) => (await ActionlintAsync(Read(file))).ShouldBe(new ProcessResult(0, "", ""));

    [Fact]
    [Needs(Need.Linters)]
    public async Task ActionlintFindsAFaultWhereThereIsOne()
    {
        var broken = Read("ci.yml").Replace("runs-on: ubuntu-24.04", "runs-on: ubuntu-24.04\n    runs-no: x", StringComparison.Ordinal);
        var (exitCode, output, _) = await ActionlintAsync(broken);
        exitCode.ShouldBe(1);
        output.ShouldContain("runs-no");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void RunsOnANamedReleaseAndNotOnWhateverIsTheLatest(string file) =>
        Jobs(file).Where(job => !Has(job, "uses")).SelectMany(Runners).ShouldAllBe(runner => runner == "ubuntu-24.04" || runner == "ubuntu-24.04-arm");

    [Fact]
    public void AReleaseIsBuiltForEachArchitectureOnAMachineOfItsOwnAndSignedAsOne()
    {
        var jobs = Load("release.yml")["jobs"];
        Runners(jobs["image"]).ShouldBe(["ubuntu-24.04", "ubuntu-24.04-arm"]);
        jobs["publish"]["needs"].ToString().ShouldBe("image");
        Read("release.yml").ShouldContain("cosign sign --yes --recursive");
    }

    [Fact]
    public void AReleasePacksTheModuleAndTheProbeFromTheTagOnceTheImageIsThere()
    {
        var job = Load("release.yml")["jobs"]["packages"];
        job["needs"].ToString().ShouldBe("publish");
        var steps = ((YamlSequenceNode)job["steps"]).Where(step => Has(step, "run")).Select(step => step["run"].ToString()).ToList();
        steps[0].ShouldContain("<Version>${GITHUB_REF_NAME#v}</Version>");
        foreach (var project in (string[])["EchoService.Testcontainers", "EchoService.Probe"])
        {
            steps[1].ShouldContain($"dotnet pack src/{project} ");
            File.Exists(Repository.PathOf("src", project, $"{project}.csproj")).ShouldBeTrue();
        }

        steps[2].ShouldStartWith("dotnet nuget push 'packages/*.nupkg' ");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void PinsEveryActionByCommitWithItsVersionInAComment(string file)
    {
        var uses = Uses().Matches(Read(file)).Select(match => match.Groups[1].Value).ToList();
        uses.ShouldNotBeEmpty();
        uses.ShouldAllBe(use => Pinned().IsMatch(use));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void MayOnlyReadUnlessAJobSaysWhatItWritesAndWhy(string file)
    {
        ((YamlMappingNode)Load(file)["permissions"]).ShouldHaveSingleItem().ShouldBe(new(new YamlScalarNode("contents"), new YamlScalarNode("read")));
        Read(file).Split('\n').Where(line => line.Contains(": write", StringComparison.Ordinal)).ShouldAllBe(line => Reason().IsMatch(line));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void EndsByItselfAndDoesNotPileUp(string file)
    {
        Load(file)["concurrency"]["group"].ToString().ShouldContain("github.ref");
        Jobs(file).Where(job => !Has(job, "uses")).ShouldAllBe(job => Has(job, "timeout-minutes") && job["timeout-minutes"].ToString() != "0");
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void LeavesNoTokenBehindInACheckout(string file) =>
        Jobs(file).Where(job => Has(job, "steps")).SelectMany(job => ((YamlSequenceNode)job["steps"]).Children)
            .Where(step => Has(step, "uses") && step["uses"].ToString().StartsWith("actions/checkout@", StringComparison.Ordinal))
            .ShouldAllBe(step => step["with"]["persist-credentials"].ToString() == "false");

    [Fact]
    public void AReleaseComesFromAVersionTagAloneAndOnlyAfterTheWholeOfCi()
    {
        var release = Load("release.yml");
        ((YamlMappingNode)release["on"]).ShouldHaveSingleItem().Key.ToString().ShouldBe("push");
        ((YamlMappingNode)release["on"]["push"]).ShouldHaveSingleItem().Key.ToString().ShouldBe("tags");
        ((YamlSequenceNode)release["on"]["push"]["tags"]).Select(tag => tag.ToString()).ShouldBe(["v[0-9]+.[0-9]+.[0-9]+"]);
        release["jobs"]["image"]["needs"].ToString().ShouldBe("verify");
        release["jobs"]["verify"]["uses"].ToString().ShouldBe("./.github/workflows/ci.yml");
        Has(Load("ci.yml")["on"], "workflow_call").ShouldBeTrue();
    }

    [Fact]
    public void DependabotWatchesEveryEcosystemThatTheRepositoryUses() =>
        ((YamlSequenceNode)Load(Path.Combine("..", "dependabot.yml"))["updates"]).Select(update => update["package-ecosystem"].ToString()).Order()
            .ShouldBe(["docker", "docker-compose", "github-actions", "npm", "nuget"]);

    private static string Read(string file) => File.ReadAllText(Repository.PathOf(".github", "workflows", file));

    private static YamlNode Load(string file)
    {
        var yaml = new YamlStream();
        yaml.Load(new StringReader(Read(file)));
        return yaml.Documents.Single().RootNode;
    }

    private static IEnumerable<YamlNode> Jobs(string file) => ((YamlMappingNode)Load(file)["jobs"]).Select(job => job.Value);

    /// <summary>The machines that a job runs on: the one it names, or those of its matrix.</summary>
    private static IEnumerable<string> Runners(YamlNode job) => job["runs-on"].ToString() == "${{ matrix.runner }}"
        ? ((YamlSequenceNode)job["strategy"]["matrix"]["include"]).Select(entry => entry["runner"].ToString())
        : [job["runs-on"].ToString()];

    private static bool Has(YamlNode node, string key) => ((YamlMappingNode)node).Children.ContainsKey(key);

    private static async Task<ProcessResult> ActionlintAsync(string workflow)
    {
        await using var linter = ChildProcess.Start("node", [Repository.PathOf("eng", "lint", "workflow.mjs")]);
        await linter.WriteInputAsync(workflow);
        return await linter.ExitAsync();
    }

    [GeneratedRegex(@"^\s*(?:- )?uses: (.+)$", RegexOptions.Multiline)]
    private static partial Regex Uses();

    [GeneratedRegex(@"^(\./\S+|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$")]
    private static partial Regex Pinned();

    [GeneratedRegex(@"# \S")]
    private static partial Regex Reason();
}
