using System.Diagnostics;
using System.Globalization;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Containers;

/// <summary>SIGTERM at many moments of the start, to process 1 of a container: the kernel gives that no signal which it does not handle.</summary>
[Collection(ContainerSuite.Name)]
[Needs(Need.Engine)]
[Needs(Need.Linux)]
public sealed class ContainerStartSignalTests(ITestOutputHelper output)
{
    private const int Terminate = 15;

    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(60);

    [Fact]
    public async Task EndsInOrderWheneverItComes()
    {
        // A start takes some 50 ms of a processor. With a tenth of one its moments come apart, so that few containers meet many.
        var runs = await Task.WhenAll(Enumerable.Range(0, 16).Select(moment => RunAsync(moment * Apart)));
        output.WriteLine($"handled when it came: {runs.Count(run => run.Handled)} of {runs.Length}; listening by then: {runs.Count(run => run.Listening)}");
        // Before the program's first line it cannot be handled; what matters here is what comes after that.
        runs.Count(run => run.Handled).ShouldBeGreaterThan(8);
        runs.ShouldAllBe(run => run.ExitCode == "0");
    }

    /// <param name="moment">When the signal is sent, from when the engine says that the process runs.</param>
    private static async Task<(bool Handled, bool Listening, string ExitCode)> RunAsync(TimeSpan moment)
    {
        var id = await Docker.RunAsync(
            "run", "--detach", "--cpus", "0.1", "--read-only", "--label", $"{ContainerImage.Label}={Repository.Root}", "--env", "Drain__ReadinessDelay=00:00:00", ContainerImage.Name);
        try
        {
            var process = int.Parse(await Docker.InspectAsync(id, "{{.State.Pid}}"), CultureInfo.InvariantCulture);
            var began = Stopwatch.GetTimestamp();
            await Eventually.TrueAsync(() => Stopwatch.GetElapsedTime(began) >= moment);
            var handled = Handles(process, Terminate);
            await Docker.RunAsync("kill", "--signal", "TERM", id);
            var log = await Docker.LogsAsync(id);
            if (!handled)
            {
                // The kernel has thrown it away, unless the handler came just before it.
                await Eventually.TrueAsync(async () => await HasExitedAsync(id) || Handles(process, Terminate));
                await ChildProcess.RunAsync("docker", "kill", "--signal", "TERM", id);
            }

            await Eventually.TrueAsync(() => HasExitedAsync(id));
            (await Docker.LogsAsync(id)).ShouldNotContain("   at ");
            return (handled, log.Contains("Echo listening", StringComparison.Ordinal), await Docker.InspectAsync(id, "{{.State.ExitCode}}"));
        }
        finally
        {
            await Docker.RunAsync("rm", "--force", id);
        }
    }

    private static async Task<bool> HasExitedAsync(string id) => await Docker.InspectAsync(id, "{{.State.Status}}") == "exited";

    private static bool Handles(int process, int signal)
    {
        try
        {
            var caught = File.ReadLines($"/proc/{process.ToString(CultureInfo.InvariantCulture)}/status").First(line => line.StartsWith("SigCgt:", StringComparison.Ordinal));
            return ((ulong.Parse(caught["SigCgt:".Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> (signal - 1)) & 1) != 0;
        }
        catch (IOException)
        {
            // It has ended.
            return false;
        }
    }
}
