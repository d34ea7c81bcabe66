using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.IntegrationTests.Lifecycle;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Addressing;
using EchoService.Transport.Connections;
using EchoService.Transport.ProxyProtocol;

namespace EchoService.IntegrationTests.ProxyProtocol;

/// <summary>The header in front of a connection, over real sockets.</summary>
public sealed class ProxyProtocolTests : ServiceTests
{
    private const string Named = "v2 TCP4 with checksum";
    private const string Client = "192.0.2.7:51233";

    public static TheoryData<string> GoodHeaders => [.. ProxyHeaders.Good.Keys];

    public static TheoryData<string> BadHeaders => [.. ProxyHeaders.Bad.Keys];

    [Theory]
    [MemberData(nameof(GoodHeaders))]
    public async Task EchoesWhatFollowsAHeaderInTheSameSegment(string name)
    {
        var (header, named) = ProxyHeaders.Good[name];
        var host = await StartRequiredAsync();
        using var client = await EchoClient.ConnectAsync(host.EndPoint);
        var payload = new Pattern(0).Take(100);

        await client.Socket.SendAsync((byte[])[.. header, .. payload], TestContext.Current.CancellationToken);
        await client.ReceiveAsync(payload.Length);

        var stats = await host.WaitForAsync(stats => stats.BytesSent == payload.Length);
        stats.BytesReceived.ShouldBe(payload.Length);
        var connection = host.Server.Connections.Live.Single();
        connection.Proxied.ShouldBe(named is not null);
        connection.RemoteEndPoint.ShouldBe(named is null ? connection.PeerEndPoint : IPEndPoint.Parse(named));
        connection.PeerEndPoint.Port.ShouldBe(((IPEndPoint)client.Socket.LocalEndPoint!).Port);
        // Received and this together are what the kernel counts: by that the sweep knows whether more has come.
        connection.Figures.BytesDiscarded.ShouldBe(header.Length);
        client.ShutdownSend();
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
    }

    [Theory]
    [InlineData("v1 TCP6 longest", 16)]
    [InlineData("v1 UNKNOWN longest", 1024)]
    [InlineData("v2 TCP6 with checksum amid vectors", 16)]
    [InlineData("v2 TCP4 as long as is taken", 16)]
    [InlineData("v2 TCP4 as long as is taken", 1024)]
    [InlineData("v2 LOCAL", 1024)]
    public async Task TakesAHeaderByteByByteWithAnyBuffer(string name, int bufferSize)
    {
        var host = await StartRequiredAsync("Echo:ReceiveBufferSize=16", $"Echo:MaxReceiveBufferSize={bufferSize}", "Echo:ProxyHeaderTimeout=00:00:30");
        using var client = await EchoClient.ConnectAsync(host.EndPoint);
        foreach (var octet in ProxyHeaders.Good[name].Header)
        {
            client.Socket.Send([octet]);
        }

        await client.EchoAsync(10_000);
        (await host.WaitForAsync(stats => stats.BytesSent == 10_000)).BytesReceived.ShouldBe(10_000);
        host.Server.Connections.Live.Single().Figures.BytesDiscarded.ShouldBe(ProxyHeaders.Good[name].Header.Length);
        await client.FinishAsync();
    }

    [Theory]
    [MemberData(nameof(BadHeaders))]
    public async Task ClosesOnABadHeaderAndEchoesNothing(string name)
    {
        var host = await StartRequiredAsync();
        using var client = await EchoClient.ConnectAsync(host.EndPoint);

        await client.Socket.SendAsync(ProxyHeaders.Bad[name], TestContext.Current.CancellationToken);
        if (name is "no header" or "TLS")
        {
            // Refused at the first byte; what comes later is not echoed either.
            await host.WaitForAsync(_ => host.Server.Connections.Live.Any(connection => connection.State == ConnectionState.Closing));
            await client.Socket.SendAsync(ProxyHeaders.Good[Named].Header, TestContext.Current.CancellationToken);
        }

        await ShouldHaveBeenRefusedAsync(host, client);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    public async Task ClosesWhenTheClientLeavesBeforeItsHeaderIsComplete(int bytes)
    {
        var host = await StartRequiredAsync();
        using var client = await EchoClient.ConnectAsync(host.EndPoint);
        client.Socket.Send(ProxyHeaders.Good[Named].Header.AsSpan(0, bytes));
        client.ShutdownSend();
        await ShouldHaveBeenRefusedAsync(host, client);
    }

    [Fact]
    public async Task ClosesOnAHeaderThatIsLateAndNobodyElse()
    {
        var host = await StartRequiredAsync("Echo:ProxyHeaderTimeout=00:00:00.3");
        using var prompt = await host.ConnectAsync();
        await prompt.EchoAsync(10);
        using var silent = await EchoClient.ConnectAsync(host.EndPoint);
        using var slow = await EchoClient.ConnectAsync(host.EndPoint);
        slow.Socket.Send(ProxyHeaders.Good[Named].Header.AsSpan(0, 20));

        (await silent.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        (await slow.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        slow.Socket.Send(ProxyHeaders.Good[Named].Header.AsSpan(20));
        silent.Dispose();
        slow.ShutdownSend();
        (await host.WaitForAsync(stats => stats.Closed["proxyHeader"] == 2)).BytesSent.ShouldBe(10);
        await prompt.EchoAsync(10);
        await prompt.FinishAsync();
    }

    /// <summary>What came with the header must be known as discarded, or it looks for ever as if the client had just sent something.</summary>
    [Fact]
    public async Task WaitsForNoLongerThanTheCloseTimeoutWhenHeaderAndPayloadComeAfterTheClose()
    {
        var host = await StartRequiredAsync("Echo:CloseTimeout=00:00:00.2", "Echo:ProxyHeaderTimeout=00:00:30");
        using var client = await EchoClient.ConnectAsync(host.EndPoint);
        var header = ProxyHeaders.Good[Named].Header;
        client.Socket.Send(header.AsSpan(0, 20));
        await host.WaitForAsync(_ => host.Server.Connections.Live.Any());

        host.Server.Connections.Live.Single().Close(CloseReason.Admin).ShouldBeTrue();
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        client.Socket.Send((byte[])[.. header[20..], .. new Pattern(0).Take(100)]);

        // It keeps its own side open.
        (await host.WaitForAsync(stats => stats.Closed["admin"] == 1)).BytesReceived.ShouldBe(0);
    }

    [Fact]
    public async Task IsIdleAsSoonAsAnyOtherOnceItHasSentItsHeader()
    {
        var host = await StartRequiredAsync("Echo:IdleTimeout=00:00:00.3");
        using var client = await host.ConnectAsync();
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        client.ShutdownSend();
        await host.WaitForAsync(stats => stats.Closed["idleTimeout"] == 1);
    }

    [Theory]
    [Needs(Need.Loopbacks)]
    [InlineData("127.0.0.1/32")]
    [InlineData("10.0.0.0/8,127.0.0.0/31,fd00::/8")]
    public async Task TakesHeadersFromTrustedProxiesAlone(string trusted)
    {
        var host = await StartRequiredAsync($"Echo:TrustedProxies={trusted}");
        // The listener is dual stack: IPv4 peers come to it mapped to IPv6.
        host.Server.EndPoint!.Address.ShouldBe(IPAddress.IPv6Any);
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        stranger.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        await stranger.ConnectAsync(host.EndPoint, TestContext.Current.CancellationToken);
        stranger.Send([.. ProxyHeaders.Good[Named].Header, 1, 2, 3]);
        await LifecycleHarness.ShouldSeeFinAsync(stranger);
        stranger.Dispose();
        (await host.WaitForAsync(stats => stats.Closed["proxyHeader"] == 1)).BytesReceived.ShouldBe(0);

        using var proxy = await host.ConnectAsync();
        await proxy.EchoAsync(100);
        host.Server.Connections.Live.Single().RemoteEndPoint.ToString().ShouldBe(Client);
        await proxy.FinishAsync();
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task ListsARefusedPeerUnderItsOwnAddressWhateverItClaims()
    {
        var host = await StartRequiredAsync("Echo:TrustedProxies=127.0.0.1/32");
        using var stranger = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        stranger.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        await stranger.ConnectAsync(host.EndPoint, TestContext.Current.CancellationToken);
        stranger.Send([.. ProxyHeaders.Good[Named].Header, 1, 2, 3]);
        await LifecycleHarness.ShouldSeeFinAsync(stranger);
        stranger.Dispose();

        await host.WaitForAsync(stats => stats.Closed["proxyHeader"] == 1);
        var connection = host.Server.Connections.Ended.Single();
        connection.Proxied.ShouldBeFalse();
        connection.RemoteEndPoint.ShouldBe(connection.PeerEndPoint);
    }

    [Fact]
    public async Task EchoesAHeaderLikeAnythingElseWhenItIsOff()
    {
        var host = await StartAsync();
        using var client = await EchoClient.ConnectAsync(host.EndPoint);
        var header = ProxyHeaders.Good[Named].Header;
        client.Socket.Send(header);
        (await LifecycleHarness.ReadAsync(client.Socket, header.Length)).ShouldBe(header);
        host.Server.Connections.Live.Single().Proxied.ShouldBeFalse();
        client.ShutdownSend();
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
    }

    [Theory]
    [InlineData("graceful", nameof(StreamEnd.Fin))]
    [InlineData("reset", nameof(StreamEnd.Reset))]
    public async Task CanBeKilledWhileItsHeaderIsRead(string mode, string end)
    {
        var host = await StartRequiredAsync();
        using var client = await EchoClient.ConnectAsync(host.EndPoint);
        client.Socket.Send(ProxyHeaders.Good[Named].Header.AsSpan(0, 20));
        await host.WaitForAsync(stats => stats.Active == 1);

        await host.KillAsync(await host.GetNewestIdAsync(), mode);

        (await client.ReceiveToEndAsync()).ToString().ShouldBe(end);
        client.Dispose();
        await host.WaitForAsync(stats => stats.Closed["admin"] == 1);
    }

    [Fact]
    public async Task IsDrainedWhileItsHeaderIsReadAndEchoesNothingAfterIt()
    {
        var options = new EchoOptions { ProxyProtocol = ProxyProtocolMode.Required, TrustedProxies = [AddressRange.TryParse("127.0.0.0/8", out var range) ? range : null!] };
        await using var harness = new LifecycleHarness(options);
        var client = await harness.ConnectAsync();
        var header = ProxyHeaders.Good[Named].Header;
        client.Send(header.AsSpan(0, 20));

        harness.Lifecycle.BeginDrain(new DrainRequest(ReadinessDelay: TimeSpan.Zero, Spread: TimeSpan.Zero), DrainTrigger.Api);

        client.Send([.. header[20..], 1, 2, 3]);
        await LifecycleHarness.ShouldSeeFinAsync(client);
        client.Shutdown(SocketShutdown.Send);
        await Eventually.TrueAsync(() => harness.Lifecycle.Phase == ServicePhase.Drained);
        harness.Server.Counters.Closed(CloseReason.Drain).ShouldBe(1);
        harness.Server.Counters.ReadBytes().ShouldBe((0, 0));
    }

    [Fact]
    public async Task TheApiTellsTheClientFromThePeerAndFindsIt()
    {
        var host = await StartRequiredAsync();
        using var proxied = await host.ConnectAsync();
        await proxied.EchoAsync(10);
        using var local = await EchoClient.ConnectAsync(host.EndPoint);
        local.Socket.Send(ProxyHeaders.Good["v2 LOCAL"].Header);
        await local.EchoAsync(10);
        using var http = new HttpClient { BaseAddress = host.ManagementUri };

        var found = await http.GetFromJsonAsync<JsonElement>("/clients?remote=192.0.2.0/24", TestContext.Current.CancellationToken);
        found.GetProperty("total").GetInt32().ShouldBe(1);
        var client = found.GetProperty("items")[0];
        client.GetProperty("remoteEndPoint").GetString().ShouldBe(Client);
        client.GetProperty("peerEndPoint").GetString().ShouldBe(proxied.Socket.LocalEndPoint!.ToString());
        client.GetProperty("proxied").GetBoolean().ShouldBeTrue();

        var rest = await http.GetFromJsonAsync<JsonElement>("/clients?remote=127.0.0.1", TestContext.Current.CancellationToken);
        client = rest.GetProperty("items").EnumerateArray().ShouldHaveSingleItem();
        client.GetProperty("remoteEndPoint").GetString().ShouldBe(local.Socket.LocalEndPoint!.ToString());
        client.GetProperty("proxied").GetBoolean().ShouldBeFalse();
        await proxied.FinishAsync();
        await local.FinishAsync();
    }

    private static async Task ShouldHaveBeenRefusedAsync(EchoHost host, EchoClient client)
    {
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        client.Received.ShouldBe(0);
        client.Dispose();
        var stats = await host.WaitForAsync(stats => stats.Active == 0 && stats.ClosedTotal == 1);
        stats.Closed["proxyHeader"].ShouldBe(1);
        (stats.BytesReceived, stats.BytesSent).ShouldBe((0, 0));
    }

    private async Task<EchoHost> StartRequiredAsync(params string[] settings)
    {
        var host = await StartAsync(["Echo:ProxyProtocol=required", "Echo:TrustedProxies=127.0.0.0/8", .. settings]);
        host.Preamble = ProxyHeaders.Good[Named].Header;
        return host;
    }
}
