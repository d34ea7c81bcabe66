using System.Formats.Tar;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Containers;

/// <summary>What the Dockerfile makes: how it is run, and what is in it.</summary>
[Collection(ContainerSuite.Name)]
[Needs(Need.Engine)]
public sealed partial class ImageTests(ITestOutputHelper output)
{
    private const double MB = 1_000_000;

    [Fact]
    public async Task SaysHowItIsRun()
    {
        var config = (await ContainerImage.InspectAsync()).GetProperty("Config");
        config.GetProperty("User").GetString().ShouldBe("1654");
        config.GetProperty("StopSignal").GetString().ShouldBe("SIGTERM");
        Strings(config.GetProperty("Entrypoint")).ShouldBe(["/app/EchoService"]);
        Strings(config.GetProperty("Healthcheck").GetProperty("Test")).ShouldBe(["CMD", "/app/EchoService", "--healthcheck"]);
        ((string[])["7007/tcp", "7007/udp", "7008/tcp", "8080/tcp"]).ShouldBeSubsetOf(config.GetProperty("ExposedPorts").EnumerateObject().Select(port => port.Name));
        var labels = config.GetProperty("Labels");
        Label("title").ShouldBe("EchoService");
        Label("version").ShouldBe(Repository.Version);
        Label("revision").ShouldBe((await ChildProcess.RunAsync("git", "rev-parse", "HEAD")).ShouldSucceed());
        Label("licenses").ShouldBe("MIT");

        string? Label(string name) => labels.GetProperty($"org.opencontainers.image.{name}").GetString();
    }

    [Fact]
    public async Task HoldsBothProgramsAndNeitherDotNetShellNorPackageManager()
    {
        var names = await FileNamesAsync(ContainerImage.Name);
        names.ShouldContain("app/EchoService");
        names.ShouldContain("app/echo-probe");
        names.Where(name => Tools().IsMatch(name)).ShouldBeEmpty();
    }

    [Fact]
    public async Task AddsAtMost45MBToItsBase()
    {
        var size = (await ContainerImage.InspectAsync()).GetProperty("Size").GetInt64();
        var dockerfile = await File.ReadAllTextAsync(Repository.PathOf("Dockerfile"), TestContext.Current.CancellationToken);
        var image = Base().Matches(dockerfile)[^1].Groups[1].Value;
        var own = (size - long.Parse(await Docker.InspectAsync(image, "{{.Size}}"), CultureInfo.InvariantCulture)) / MB;
        output.WriteLine($"image: {own:F1} MB of own layers, {size / MB:F0} MB with the base");
        own.ShouldBeInRange(0.001, 45);
    }

    private static IEnumerable<string?> Strings(JsonElement array) => array.EnumerateArray().Select(item => item.GetString());

    /// <summary>The names of all that is in an image's file system.</summary>
    private static async Task<List<string>> FileNamesAsync(string image)
    {
        var id = await Docker.RunAsync("create", "--label", $"{ContainerImage.Label}={Repository.Root}", image);
        var path = Path.GetTempFileName();
        try
        {
            await Docker.RunAsync("export", "--output", path, id);
            var names = new List<string>();
            await using var archive = new TarReader(File.OpenRead(path));
            while (await archive.GetNextEntryAsync(cancellationToken: TestContext.Current.CancellationToken) is { } entry)
            {
                names.Add(entry.Name);
            }

            return names;
        }
        finally
        {
            File.Delete(path);
            await Docker.RunAsync("rm", id);
        }
    }

    [GeneratedRegex(@"(^|/)(dotnet|libcoreclr\.so|[^/]+\.dll|sh|bash|dash|busybox|apt|apt-get|dpkg|curl|wget)$")]
    private static partial Regex Tools();

    [GeneratedRegex(@"^FROM (?:--platform=\S+ )?(\S+)", RegexOptions.Multiline)]
    private static partial Regex Base();
}
