using System.Collections.Concurrent;
using System.Net;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Probe.Dialing;
using EchoService.Probe.Judging;

namespace EchoService.IntegrationTests.Probe;

/// <summary>What connections look like to the other side.</summary>
public sealed class OriginTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task ServiceThatRequiresThePROXYProtocolIsWatchedWithIt(int version)
    {
        await using var service = await EchoProcess.StartAsync("Echo:ProxyProtocol=required", "Echo:TrustedProxies:0=127.0.0.0/8");

        var report = await ProbeRuns.RunWholeAsync(ProbeRuns.Watch(service.EndPoint.Port) with { NewRate = 20, Origin = new Origin(null, null, version) });

        report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);
        report.Targets[0].New!.Messages.Answered.ShouldBe(10);
    }

    [Fact]
    public void HeaderOfVersion1IsALineOfText()
    {
        var header = EchoService.Probe.Dialing.ProxyProtocol.Header(1, IPEndPoint.Parse("[fd00::1]:40000"), IPEndPoint.Parse("[fd00::2]:7007"));

        System.Text.Encoding.ASCII.GetString(header).ShouldBe("PROXY TCP6 fd00::1 fd00::2 40000 7007\r\n");
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task ConnectionsComeFromTheAddressAndThePortsThatWereAskedFor()
    {
        var seen = new ConcurrentBag<IPEndPoint>();
        await using var server = LoopbackServer.Start(async c =>
        {
            seen.Add(c.Remote);
            await c.EchoAsync();
        });
        // Below the range that the system chooses from.
        var ports = new PortRange(21_100, 21_199);
        var options = ProbeRuns.Watch(server.Port) with { Connections = 8, Origin = new Origin(IPAddress.Parse("127.0.0.9"), ports, null) };

        var report = await ProbeRuns.RunAsync(options);

        report.Verdict.Status.ShouldBe(VerdictStatus.NoDisruption, report.Verdict.Summary);
        seen.Count.ShouldBe(8);
        seen.ShouldAllBe(remote => remote.Address.Equals(IPAddress.Parse("127.0.0.9")) && remote.Port >= ports.First && remote.Port <= ports.Last);
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task PortsThatAreUsedUpAreALocalLimitAndNotTheServers()
    {
        await using var server = LoopbackServer.Start(c => c.EchoAsync());
        var options = ProbeRuns.Watch(server.Port) with { Connections = 3, Timeout = TimeSpan.FromSeconds(2), Origin = new Origin(IPAddress.Parse("127.0.0.10"), new PortRange(21_200, 21_201), null) };

        var report = await ProbeRuns.RunAsync(options);

        report.Verdict.Status.ShouldBe(VerdictStatus.Inconclusive, report.Verdict.Summary);
        report.Connections.Made.ShouldBe(2);
        report.Messages.Unsent.ShouldBe(report.Messages.UnsentLocally);
    }

    [Theory]
    [InlineData("20000-20999", 1000)]
    [InlineData("7", 1)]
    public void RangeOfPortsIsTwoPortsOrOne(string text, int count)
    {
        PortRange.TryParse(text, out var range).ShouldBeTrue();
        range!.Value.Count.ShouldBe(count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("0-5")]
    [InlineData("9-8")]
    [InlineData("1-65536")]
    [InlineData("1-2-3")]
    public void RangeThatIsNoneIsNotTaken(string text) => PortRange.TryParse(text, out _).ShouldBeFalse();
}
