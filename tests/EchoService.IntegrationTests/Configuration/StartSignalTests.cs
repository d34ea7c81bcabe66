using System.Globalization;
using System.Runtime.InteropServices;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Configuration;

/// <summary>A signal that comes while the real process starts ends it in order.</summary>
[Needs(Need.Linux)]
public sealed class StartSignalTests
{
    private static readonly string[] Arguments = ["--Echo:Port=0", "--urls=http://127.0.0.1:0", "--Drain:ReadinessDelay=00:00:00"];

    /// <summary>How far the start has come is told by the libraries that it has loaded, and they are loaded in this order.</summary>
    [Theory]
    [InlineData("System.Console.dll", PosixSignal.SIGTERM)] // The first that the program needs for anything but signals.
    [InlineData("System.Console.dll", PosixSignal.SIGINT)]
    [InlineData("Microsoft.Extensions.Hosting.dll", PosixSignal.SIGTERM)]
    [InlineData("Microsoft.Extensions.Logging.Console.dll", PosixSignal.SIGTERM)]
    [InlineData("System.Net.Sockets.dll", PosixSignal.SIGINT)]
    [InlineData("System.Net.Sockets.dll", PosixSignal.SIGTERM)]
    public async Task EndsItHoweverFarItHasCome(string library, PosixSignal signal)
    {
        await using var process = ServiceProcess.Start(Arguments);
        await Eventually.TrueAsync(() => process.HasExited || HasLoaded(process, library));
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

    private static bool HasLoaded(ChildProcess process, string library) =>
        File.ReadAllText($"/proc/{process.Id.ToString(CultureInfo.InvariantCulture)}/maps").Contains(library, StringComparison.Ordinal);
}
