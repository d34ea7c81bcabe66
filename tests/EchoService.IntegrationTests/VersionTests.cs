using System.Text.RegularExpressions;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests;

/// <summary>Directory.Build.props says the version; what must name it besides, since nothing computes it there, names the same.</summary>
public sealed partial class VersionTests
{
    [Fact]
    public void WhatNamesTheImageNamesItByTheVersion()
    {
        var files = (string[])
        [
            "README.md", "Dockerfile", .. Files("deploy"), .. Files(".github"),
        ];
        var named = 0;
        foreach (var file in files)
        {
            foreach (var version in Names().Matches(File.ReadAllText(Repository.PathOf(file))).Select(match => match.Groups[1].Value))
            {
                version.ShouldBe(Repository.Version, file);
                named++;
            }
        }

        named.ShouldBeGreaterThan(10);
    }

    [Fact]
    public void NoSourceOfAProgramOrPackageHasItWrittenDown() =>
        Files("src").Where(file => Path.GetExtension(file) is ".cs" or ".csproj" or ".props" or ".targets")
            .Where(file => File.ReadLines(Repository.PathOf(file)).Any(line => Written().IsMatch(line)))
            .ShouldBeEmpty();

    private static IEnumerable<string> Files(string folder) =>
        Directory.GetFiles(Repository.PathOf(folder), "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Repository.Root, file))
            .Where(file => !BuildFolders().IsMatch(file) && Path.GetExtension(file) is not (".json" or ".svg" or ".png" or ".lock"));

    /// <summary>An image by its name, a label, a kustomization's tag.</summary>
    [GeneratedRegex("""(?:echoservice:|image\.version="|app\.kubernetes\.io/version: |newTag: )(\d+\.\d+\.\d+)""")]
    private static partial Regex Names();

    [GeneratedRegex("""<Version>|\bVersion = "\d+\.\d+\.\d+|, "\d+\.\d+\.\d+",""")]
    private static partial Regex Written();

    [GeneratedRegex(@"[\\/](bin|obj)[\\/]")]
    private static partial Regex BuildFolders();
}
