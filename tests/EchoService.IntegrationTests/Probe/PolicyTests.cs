using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Probe;

/// <summary>
/// <c>--expect-new</c> and <c>--expect-held</c> of a firewall, as a NetworkPolicy becomes one: when it took effect, whether it
/// stayed, and whom it spared. The service and the probe run in a network of the test's own.
/// </summary>
[Needs(Need.Namespaces)]
public sealed partial class PolicyTests : IAsyncLifetime
{
    private NetworkNamespace _network = null!;
    private EchoProcess _service = null!;

    public async ValueTask InitializeAsync()
    {
        // It comes before the test itself, which is skipped where there is none.
        if (Requirements.Has(Need.Namespaces))
        {
            _network = await NetworkNamespace.OpenAsync();
            _service = await EchoProcess.StartInAsync(_network, "Echo:Udp:Enabled=true");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_service is not null)
        {
            await _service.DisposeAsync();
        }

        if (_network is not null)
        {
            await _network.DisposeAsync();
        }
    }

    [Theory]
    [InlineData("refused", "REJECT --reject-with tcp-reset", "connect refused")]
    [InlineData("timeout", "DROP", "connect timed out")]
    public async Task NewAreCutAndHeldAreSpared(string expected, string action, string seen)
    {
        await using var probe = await WatchAsync(Tcp, "--expect-new", expected, "--expect-held", "alive");

        await _network.FirewallAsync($"-A INPUT -p tcp --dport {Port} --syn -j {action}");
        await probe.WaitForLineAsync(seen);
        var (exitCode, output, _) = await StopAsync(probe);

        exitCode.ShouldBe(0, output);
        output.ShouldContain("held: As expected: all 2 held connections stayed alive.");
        SecondsOf(TookEffect(), output).ShouldBeGreaterThan(0);
        output.ShouldMatch($@"new: As expected: new connections met {expected} from [\d.]+ \w+ on, to the end\.");
    }

    [Fact]
    public async Task BothAreCut()
    {
        await using var probe = await WatchAsync(Tcp, "--expect-new", "timeout", "--expect-held", "closed");

        await _network.FirewallAsync($"-A INPUT -p tcp --dport {Port} -j DROP");
        await probe.WaitForLineAsync("connect timed out");
        await Eventually.TrueAsync(() => Stalled().Count(probe.Output) == 2);
        var (exitCode, output, _) = await StopAsync(probe);

        exitCode.ShouldBe(0, output);
        output.ShouldContain("held: As expected: all 2 held connections were closed, with no answer after ");
        output.ShouldContain("new: As expected: new connections met timeout from ");
    }

    [Fact]
    public async Task ACutThatDidNotStayAndSparedThoseThatAreHeldIsNotAsExpected()
    {
        await using var probe = await WatchAsync(Tcp, "--expect-new", "refused", "--expect-held", "closed");
        var rule = $"INPUT -p tcp --dport {Port} --syn -j REJECT --reject-with tcp-reset";

        await _network.FirewallAsync($"-A {rule}");
        await probe.WaitForLineAsync("connect refused");
        await _network.FirewallAsync($"-D {rule}");
        await probe.WaitForLineAsync("answered again");
        var (exitCode, output, _) = await StopAsync(probe);

        exitCode.ShouldBe(1, output);
        output.ShouldContain("held: Not as expected: 0 of 2 held connections were closed, 2 spared.");
        output.ShouldMatch(@"new: Not as expected: new connections met refused from [\d.]+ \w+ on, but not all: another outcome as late as [\d.]+ \w+\.");
    }

    [Fact]
    public async Task DatagramsAreCut()
    {
        await using var probe = await WatchAsync($"udp://{Tcp}", "--expect-new", "timeout", "--expect-held", "closed");

        await _network.FirewallAsync($"-A INPUT -p udp --dport {Port} -j DROP");
        await Eventually.TrueAsync(() => Lost().Count(probe.Output) >= 3);
        var (exitCode, output, _) = await StopAsync(probe);

        exitCode.ShouldBe(0, output);
        output.ShouldContain("held: As expected: all 2 held flows were closed, with no answer after ");
        output.ShouldContain("new: As expected: new flows met timeout from ");
    }

    [Fact]
    public async Task AFlowWhoseSourcePortIsCutIsStuck()
    {
        // Nobody else is in this network, so the first flow has the first port.
        await using var probe = await WatchAsync($"udp://{Tcp}", "--source-ports", "21400-21499");

        await _network.FirewallAsync($"-A INPUT -p udp --dport {Port} --sport 21400 -j DROP");
        await probe.WaitForLineAsync("stuck (source port 21400: ");
        var (exitCode, output, _) = await StopAsync(probe);

        exitCode.ShouldBe(1, output);
        output.ShouldMatch("held: Disruption: 1 stuck flow, [0-9]+ messages lost;");
        output.ShouldContain("new: No disruption: ");
    }

    private string Port => _service.EndPoint.Port.ToString(CultureInfo.InvariantCulture);

    private string Tcp => $"{IPAddress.Loopback}:{Port}";

    /// <summary>Starts a probe, and returns when all its clients have been answered.</summary>
    private async Task<ChildProcess> WatchAsync(string target, params string[] expectations)
    {
        string[] arguments = ["watch", target, "--connections", "2", "--rate", "50", "--new-rate", "10", "--duration", "0", "--timeout", "500ms", "--late", "20s", .. expectations];
        var probe = _network.Start([.. ProbeProcess.CommandLine, .. arguments]);
        await probe.WaitForLineAsync(" held: answered ");
        await probe.WaitForLineAsync(" new: answered ");
        return probe;
    }

    private static async Task<ProcessResult> StopAsync(ChildProcess probe)
    {
        probe.Signal(PosixSignal.SIGTERM);
        return await probe.ExitAsync();
    }

    private static double SecondsOf(Regex pattern, string output) => double.Parse(pattern.Match(output).Groups[1].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"new connections met \w+ from ([\d.]+) ")]
    private static partial Regex TookEffect();

    [GeneratedRegex(": stalled")]
    private static partial Regex Stalled();

    [GeneratedRegex(@" (held|new): flow \d+: lost")]
    private static partial Regex Lost();
}
