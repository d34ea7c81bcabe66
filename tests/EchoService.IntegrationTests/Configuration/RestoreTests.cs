using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Configuration;

/// <summary>What a user's machine may have beside ours, and still restores.</summary>
public sealed class RestoreTests
{
    [Fact]
    public async Task ASecondPackageFeedIsAWarning()
    {
        var folder = Directory.CreateTempSubdirectory("restore-").FullName;
        try
        {
            foreach (var file in (string[])["Directory.Build.props", "Directory.Packages.props"])
            {
                File.Copy(Repository.PathOf(file), Path.Combine(folder, file));
            }

            // Nobody answers at either feed, and nobody has to: what is asked for has been restored for these tests.
            var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
                ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
            await File.WriteAllTextAsync(Path.Combine(folder, "nuget.config"), $"""
                <configuration>
                  <packageSources>
                    <clear />
                    <add key="a" value="http://127.0.0.1:1/a/index.json" allowInsecureConnections="true" />
                    <add key="b" value="http://127.0.0.1:1/b/index.json" allowInsecureConnections="true" />
                  </packageSources>
                  <fallbackPackageFolders><add key="restored" value="{packages}" /></fallbackPackageFolders>
                </configuration>
                """, TestContext.Current.CancellationToken);
            var project = Path.Combine(folder, "App.csproj");
            await File.WriteAllTextAsync(
                project,
                """<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><PackageReference Include="Shouldly" /></ItemGroup></Project>""",
                TestContext.Current.CancellationToken);

            var restore = await ChildProcess.RunAsync("dotnet", "restore", project, "-p:NuGetAudit=false", "-p:RestoreLockedMode=false");
            restore.Output.ShouldContain("warning NU1507");
            restore.ExitCode.ShouldBe(0, restore.Output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
