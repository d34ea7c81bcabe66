using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace EchoService.IntegrationTests.Infrastructure;

internal sealed partial class EchoProcess
{
    /// <summary>Where it echoes, on loopback.</summary>
    public IPEndPoint EndPoint => new(IPAddress.Loopback, int.Parse(EchoPort, CultureInfo.InvariantCulture));

    /// <summary>Waits until the management API listens, and returns a client for it.</summary>
    public async Task<HttpClient> OpenManagementAsync()
    {
        var line = await WaitForOutputAsync("Management listening on");
        return new HttpClient { BaseAddress = new Uri(Url().Match(line).Value) };
    }

    /// <summary>Sends a signal, as <c>TERM</c> or <c>INT</c>.</summary>
    public async Task SignalAsync(string name)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{name} {_process.Id.ToString(CultureInfo.InvariantCulture)}"]);
        await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        kill.ExitCode.ShouldBe(0);
    }

    /// <summary>Waits until it has ended, and returns its exit code.</summary>
    public async Task<int> WaitForExitAsync()
    {
        await Eventually.TrueAsync(() => _process.HasExited);
        return _process.ExitCode;
    }

    [GeneratedRegex(@"http://\S+")]
    private static partial Regex Url();
}
