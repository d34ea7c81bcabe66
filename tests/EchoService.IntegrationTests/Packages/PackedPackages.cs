using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Packages;

/// <summary>The module and the probe, packed into a folder as a release packs them, and a place beside it for who uses them.</summary>
public sealed class PackedPackages : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(3);

    private static readonly string Configuration = AppContext.BaseDirectory.Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries)[^2];

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("echoservice-packages-");

    /// <summary>Where the packages are.</summary>
    public string Packages => Path.Combine(_folder.FullName, "packages");

    /// <summary>A folder of a user's own, out of reach of the repository's settings.</summary>
    public string PathOf(params string[] parts) => Path.Combine([_folder.FullName, .. parts]);

    public async ValueTask InitializeAsync()
    {
        foreach (var project in (string[])["EchoService.Testcontainers", "EchoService.Probe"])
        {
            // What was built with these tests: another build would change files that other tests run.
            await RunAsync("pack", Repository.PathOf("src", project), "--no-build", "--configuration", Configuration, "--output", Packages);
        }

        // No feed but the folder: what else is needed was restored for these tests.
        var restored = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        await File.WriteAllTextAsync(PathOf("nuget.config"), $"""
            <configuration>
              <config><add key="globalPackagesFolder" value="{PathOf("restored")}" /></config>
              <packageSources><clear /><add key="packed" value="{Packages}" /></packageSources>
              <fallbackPackageFolders><clear /><add key="restored" value="{restored}" /></fallbackPackageFolders>
            </configuration>
            """, TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>Runs the dotnet command in the folder, without a server that would outlive it.</summary>
    /// <returns>Its output.</returns>
    internal async Task<string> RunAsync(params string[] arguments)
    {
        await using var command = ChildProcess.Start("dotnet", arguments, start =>
        {
            start.WorkingDirectory = _folder.FullName;
            start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
            start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
            start.Environment["UseSharedCompilation"] = "false";
            start.Environment["NuGetAudit"] = "false";
            // Of a test run's own.
            start.Environment.Remove("MSBuildSDKsPath");
            start.Environment.Remove("MSBuildExtensionsPath");
            start.Environment.Remove("MSBUILD_EXE_PATH");
        });
        return (await command.ExitAsync(Deadline)).ShouldSucceed();
    }
}
