using System.Globalization;
using System.Text.RegularExpressions;

namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>The tests themselves on a machine that has none of what they need but the SDK.</summary>
public sealed partial class RequirementsTests
{
    /// <summary>What is looked for on the PATH.</summary>
    private static readonly Need[] Looked = [Need.Haproxy, Need.Nginx, Need.Prometheus, Need.Chromium, Need.Engine];

    private static readonly string[] Lines =
    [
        "haproxy is not on the PATH; on Debian eng/ensure-packages.sh haproxy installs it",
        "nginx is not on the PATH; on Debian eng/ensure-packages.sh nginx installs it",
        "prometheus is not on the PATH; on Debian eng/ensure-packages.sh prometheus installs it",
        "chromium is not on the PATH; on Debian eng/ensure-packages.sh chromium installs it",
        "no container engine answers; on Debian eng/ensure-docker.sh installs one and eng/base-images.sh the images, elsewhere start Docker or Podman",
    ];

    [Fact]
    public async Task WhatIsMissingIsSkippedAndEachTestSaysHowToGetIt()
    {
        var (output, total, failed, skipped) = await RunAsync(ci: null);
        total.ShouldBeGreaterThan(50);
        (failed, skipped).ShouldBe((0, total), output);
        Lines.ShouldAllBe(line => output.Contains(line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task InContinuousIntegrationItFails()
    {
        var (output, total, failed, skipped) = await RunAsync(ci: "true");
        total.ShouldBeGreaterThan(50);
        // What has to be skipped even there needs something else besides, which comes first.
        failed.ShouldBe(total - skipped, output);
        failed.ShouldBeGreaterThan(50);
        Lines.ShouldAllBe(line => output.Contains(line, StringComparison.Ordinal));
    }

    private static async Task<(string Output, int Total, int Failed, int Skipped)> RunAsync(string? ci)
    {
        var empty = Directory.CreateTempSubdirectory();
        try
        {
            await using var run = ChildProcess.StartBuilt("EchoService.IntegrationTests", Looked.SelectMany(need => new[] { "-trait", $"Category={need}" }), start =>
            {
                start.Environment["PATH"] = empty.FullName;
                start.Environment["CI"] = ci;
            });
            var result = await run.ExitAsync();
            var summary = Summary().Match(result.Output);
            summary.Success.ShouldBeTrue(result.Output + result.Error);
            var (total, failed, skipped) = (Number(1), Number(2), Number(3));
            result.ExitCode.ShouldBe(failed == 0 ? 0 : 1);
            return (result.Output, total, failed, skipped);

            int Number(int group) => int.Parse(summary.Groups[group].Value, CultureInfo.InvariantCulture);
        }
        finally
        {
            empty.Delete(recursive: true);
        }
    }

    [GeneratedRegex(@"Total: (\d+), Errors: 0, Failed: (\d+), Skipped: (\d+)")]
    private static partial Regex Summary();
}
