using System.IO.Compression;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using EchoService.IntegrationTests.Containers;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Packages;

/// <summary>The packages as they are published: what is in them, and that a stranger can use them.</summary>
[Collection(ContainerSuite.Name)]
public sealed partial class PackageTests(PackedPackages packed) : IClassFixture<PackedPackages>
{
    [Fact]
    public void BothHaveTheOneVersionAndSayWhatTheyAre()
    {
        Directory.GetFiles(packed.Packages).Select(Path.GetFileName).ShouldBe(
            [$"EchoService.Probe.{Repository.Version}.nupkg", $"EchoService.Testcontainers.{Repository.Version}.nupkg", $"EchoService.Testcontainers.{Repository.Version}.snupkg"], ignoreOrder: true);
        foreach (var (id, folder) in (ReadOnlySpan<(string, string)>)[("EchoService.Testcontainers", "lib/net10.0/"), ("EchoService.Probe", "tools/net10.0/any/")])
        {
            using var package = ZipFile.OpenRead(Path.Combine(packed.Packages, $"{id}.{Repository.Version}.nupkg"));
            using var stream = package.GetEntry($"{id}.nuspec").ShouldNotBeNull().Open();
            var metadata = XDocument.Load(stream).Root!.Elements().First();
            Value("version").ShouldBe(Repository.Version);
            Value("license").ShouldBe("MIT");
            Value("authors").ShouldBe("EchoService contributors");
            Value("description").ShouldNotBeNullOrEmpty();
            package.GetEntry(Value("readme")!).ShouldNotBeNull();
            package.Entries.ShouldContain(entry => entry.FullName.StartsWith(folder, StringComparison.Ordinal) && entry.Name.EndsWith(".dll", StringComparison.Ordinal), id);

            string? Value(string name) => metadata.Elements().SingleOrDefault(element => element.Name.LocalName == name)?.Value;
        }
    }

    [Fact]
    public void TheModuleBringsItsDocumentationAndNeedsTestcontainersAlone()
    {
        using var package = ZipFile.OpenRead(Path.Combine(packed.Packages, $"EchoService.Testcontainers.{Repository.Version}.nupkg"));
        package.GetEntry("lib/net10.0/EchoService.Testcontainers.xml").ShouldNotBeNull().Length.ShouldBeGreaterThan(10_000);
        using var reader = new StreamReader(package.GetEntry("EchoService.Testcontainers.nuspec")!.Open());
        Dependencies().Matches(reader.ReadToEnd()).Select(match => match.Groups[1].Value).ShouldBe(["Testcontainers"]);
    }

    [Fact]
    public async Task TheProbeInstallsAsAToolAndWatches()
    {
        var tools = packed.PathOf("tools");
        await packed.RunAsync("tool", "install", "EchoService.Probe", "--tool-path", tools, "--version", Repository.Version, "--configfile", packed.PathOf("nuget.config"));
        await using var host = await EchoHost.StartAsync();
        var probe = Path.Combine(tools, OperatingSystem.IsWindows() ? "echo-probe.exe" : "echo-probe");
        (await ChildProcess.RunAsync(probe, "watch", host.EndPoint.ToString(), "--duration", "500ms")).ShouldSucceed().ShouldContain("No disruption");
        (await ChildProcess.RunAsync(probe, "--version")).ShouldSucceed().ShouldStartWith(Repository.Version);
        // It goes on where a runtime is newer than the one it was built for.
        Directory.GetFiles(tools, "echo-probe.runtimeconfig.json", SearchOption.AllDirectories).Select(File.ReadAllText).ShouldHaveSingleItem().ShouldContain("\"rollForward\": \"Major\"");
    }

    /// <summary>examples/retrying-client, with the package in place of the project; its tests are skipped where there is no engine, and it builds all the same.</summary>
    [Fact]
    public async Task TheExampleBuildsAgainstThePackageAndItsTestsPass()
    {
        foreach (var file in Directory.GetFiles(Repository.PathOf("examples", "retrying-client"), "*", SearchOption.AllDirectories).Where(file => Path.GetExtension(file) is ".cs" or ".csproj" && !BuildFolders().IsMatch(file)))
        {
            var copy = packed.PathOf("example", Path.GetRelativePath(Repository.PathOf("examples", "retrying-client"), file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            await File.WriteAllTextAsync(copy, ModuleProject().Replace(await File.ReadAllTextAsync(file, Ended), """<PackageReference Include="EchoService.Testcontainers" />"""), Ended);
        }

        (await File.ReadAllTextAsync(packed.PathOf("example", "RetryingClient.Tests", "RetryingClient.Tests.csproj"), Ended)).ShouldNotContain("..\\..\\..");
        await File.WriteAllTextAsync(packed.PathOf("example", "Directory.Build.props"), """
            <Project><PropertyGroup><TargetFramework>net10.0</TargetFramework><Nullable>enable</Nullable><ImplicitUsings>enable</ImplicitUsings></PropertyGroup></Project>
            """, Ended);
        var versions = XDocument.Load(Repository.PathOf("Directory.Packages.props"));
        versions.Root!.Add(new XElement("ItemGroup", new XElement("PackageVersion", new XAttribute("Include", "EchoService.Testcontainers"), new XAttribute("Version", Repository.Version))));
        versions.Save(packed.PathOf("example", "Directory.Packages.props"));

        await packed.RunAsync("build", packed.PathOf("example", "RetryingClient.Tests"), "--configuration", "Release", "--output", packed.PathOf("built"));
        await using var tests = ChildProcess.Start("dotnet", [packed.PathOf("built", "RetryingClient.Tests.dll")], start =>
        {
            if (Requirements.Has(Need.Engine))
            {
                start.Environment["ECHO_IMAGE"] = ContainerImage.Name;
            }
            else
            {
                start.Environment.Remove("ECHO_IMAGE");
            }
        });
        var result = (await tests.ExitAsync(TimeSpan.FromMinutes(2))).ShouldSucceed();
        var summary = Summary().Match(result);
        summary.Success.ShouldBeTrue(result);
        summary.Groups[1].Value.ShouldBe("6");
        summary.Groups[2].Value.ShouldBe(Requirements.Has(Need.Engine) ? "0" : "6");
    }

    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [GeneratedRegex("""<dependency id="([^"]+)""")]
    private static partial Regex Dependencies();

    [GeneratedRegex("""<ProjectReference Include="[^"]*EchoService\.Testcontainers\.csproj" />""")]
    private static partial Regex ModuleProject();

    [GeneratedRegex(@"[\\/](bin|obj)[\\/]")]
    private static partial Regex BuildFolders();

    [GeneratedRegex(@"Total: (\d+), Errors: 0, Failed: 0, Skipped: (\d+)")]
    private static partial Regex Summary();
}
