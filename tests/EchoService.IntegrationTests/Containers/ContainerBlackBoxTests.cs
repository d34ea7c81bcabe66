using System.Globalization;
using System.Text.RegularExpressions;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Testcontainers;

namespace EchoService.IntegrationTests.Containers;

/// <summary>The tests that take any running service, against the container.</summary>
[Collection(ContainerSuite.Name)]
[Needs(Need.Engine)]
public sealed partial class ContainerBlackBoxTests(ITestOutputHelper output)
{
    [Fact]
    public async Task TheBlackBoxSuitePasses()
    {
        const string Key = "a-key-for-this-run-only";
        await using var service = await EchoContainer.StartAsync(builder => builder.WithApiKey(Key));
        var endPoint = service.Direct;
        // A run of its own, since the service that its classes share is named to the process.
        await using var suite = ChildProcess.StartBuilt("EchoService.IntegrationTests", ["-trait", $"Category={BlackBox.Category}"], start =>
        {
            start.Environment["ECHO_TCP"] = endPoint.ToString();
            start.Environment["ECHO_HTTP"] = OperatingSystem.IsLinux() ? $"http://{endPoint.Address}:{EchoServiceBuilder.ManagementPort}" : service.Module.ManagementAddress.ToString();
            start.Environment["ECHO_API_KEY"] = Key;
        });
        var result = await suite.ExitAsync(TimeSpan.FromMinutes(5));
        result.ShouldSucceed();
        // A filter that matches nothing ends with success too.
        var summary = Summary().Match(result.Output);
        summary.Success.ShouldBeTrue(result.Output);
        int.Parse(summary.Groups[1].Value, CultureInfo.InvariantCulture).ShouldBeGreaterThan(20);
        output.WriteLine(summary.Value);
    }

    [GeneratedRegex(@"Total: (\d+), Errors: 0, Failed: 0, Skipped: 0")]
    private static partial Regex Summary();
}
