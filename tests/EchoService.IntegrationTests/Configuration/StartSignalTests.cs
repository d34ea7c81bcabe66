using System.Globalization;
using System.Runtime.InteropServices;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Configuration;

/// <summary>A signal that comes while the real process starts ends it in order.</summary>
[Needs(Need.Linux)]
public sealed class StartSignalTests
{
    private const int Continued = 18;

    private static readonly string[] Arguments = ["--Echo:Port=0", "--urls=http://127.0.0.1:0", "--Drain:ReadinessDelay=00:00:00"];

    [Theory]
    [InlineData(PosixSignal.SIGTERM)]
    [InlineData(PosixSignal.SIGINT)]
    public async Task EndsItAsSoonAsTheRuntimeTakesSignals(PosixSignal signal)
    {
        await using var process = ServiceProcess.Start(Arguments);
        // The runtime's library for signals is in use from the first registration on, which handles this one too.
        await Eventually.TrueAsync(() => process.HasExited || Handles(process, Continued));
        await EndsInOrderAsync(process, signal);
    }

    [Fact]
    public async Task EndsItBetweenThePlanes()
    {
        await using var process = ServiceProcess.Start(Arguments);
        await process.WaitForLineAsync("Echo listening");
        await EndsInOrderAsync(process, PosixSignal.SIGTERM);
    }

    private static async Task EndsInOrderAsync(ChildProcess process, PosixSignal signal)
    {
        process.Signal(signal);
        var (exitCode, output, errors) = await ServiceProcess.EndAsync(process);
        errors.ShouldBeEmpty();
        output.ShouldNotContain("   at ");
        exitCode.ShouldBe(0);
    }

    private static bool Handles(ChildProcess process, int signal)
    {
        var caught = File.ReadLines($"/proc/{process.Id.ToString(CultureInfo.InvariantCulture)}/status").First(line => line.StartsWith("SigCgt:", StringComparison.Ordinal));
        return ((ulong.Parse(caught["SigCgt:".Length..].Trim(), NumberStyles.HexNumber, CultureInfo.InvariantCulture) >> (signal - 1)) & 1) != 0;
    }
}
