using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.ProxyProtocol;

/// <summary>The real thing: HAProxy in front, which takes a header from a client of the test's and passes it on in its own words.</summary>
[Needs(Need.Haproxy)]
public sealed class HaproxyTests : ServiceTests
{
    public static TheoryData<string, string, string> Ways => new()
    {
        { "send-proxy", "v1 TCP4", "192.0.2.7:51233" },
        { "send-proxy", "v1 TCP6", "[2001:db8::7]:51233" },
        { "send-proxy-v2", "v1 TCP4", "192.0.2.7:51233" },
        { "send-proxy-v2", "v2 TCP6", "[2001:db8::7]:51233" },
        { "send-proxy-v2 proxy-v2-options crc32c,unique-id", "v2 TCP4", "192.0.2.7:51233" },
        { "send-proxy-v2 proxy-v2-options crc32c,unique-id", "v1 TCP6", "[2001:db8::7]:51233" },
    };

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task NamesTheClientThatHaproxyNames(string option, string header, string client)
    {
        var host = await StartTrustingAsync();
        await using var haproxy = await Haproxy.StartAsync(host.EndPoint, option, "accept-proxy");
        using var connection = await EchoClient.ConnectAsync(haproxy.EndPoint);
        connection.Socket.Send(ProxyHeaders.Good[header].Header);

        await connection.EchoAsync(1_000_000);

        var seen = host.Server.Connections.Live.Single(live => live.BytesReceived == 1_000_000);
        seen.RemoteEndPoint.ToString().ShouldBe(client);
        seen.Proxied.ShouldBeTrue();
        await connection.FinishAsync();
    }

    [Theory]
    [InlineData("send-proxy")]
    [InlineData("send-proxy-v2")]
    public async Task NamesTheClientThatConnectedToHaproxy(string option)
    {
        var host = await StartTrustingAsync();
        await using var haproxy = await Haproxy.StartAsync(host.EndPoint, option);
        using var connection = await EchoClient.ConnectAsync(haproxy.EndPoint);
        await connection.EchoAsync(1000);
        var seen = host.Server.Connections.Live.Single(live => live.BytesReceived == 1000);
        seen.RemoteEndPoint.ShouldBe(connection.Socket.LocalEndPoint);
        seen.PeerEndPoint.ShouldNotBe(seen.RemoteEndPoint);
        await connection.FinishAsync();
    }

    [Theory]
    [InlineData("send-proxy")]
    [InlineData("send-proxy-v2")]
    [InlineData("send-proxy-v2 proxy-v2-options crc32c")]
    public async Task PassesHaproxysHealthChecks(string option)
    {
        var host = await StartTrustingAsync();
        await using var haproxy = await Haproxy.StartAsync(host.EndPoint, $"{option} check check-send-proxy inter 50ms fall 1");
        var stats = await host.WaitForAsync(stats => stats.ClosedTotal >= 5);
        stats.Closed["proxyHeader"].ShouldBe(0);
        using var connection = await EchoClient.ConnectAsync(haproxy.EndPoint);
        await connection.EchoAsync(1000);
        await connection.FinishAsync();
    }

    private async Task<EchoHost> StartTrustingAsync()
    {
        var host = await StartAsync("Echo:ProxyProtocol=required", "Echo:TrustedProxies=127.0.0.0/8");
        host.Preamble = ProxyHeaders.Good["v2 LOCAL"].Header;
        return host;
    }
}
