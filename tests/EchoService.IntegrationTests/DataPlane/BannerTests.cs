using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using EchoService.IntegrationTests.ControlPlane;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.IntegrationTests.ProxyProtocol;
using EchoService.Transport.Accepting;
using EchoService.Transport.Connections;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>The second port: a line that says who answers, and then a connection like any other.</summary>
public sealed class BannerTests : ServiceTests
{
    private const string ManagementUrl = "http://10.0.0.7:8080";

    [Fact]
    public async Task BeginsWithALineThatSaysWhoAnswersAndThenEchoes()
    {
        var host = await StartAsync("Echo:BannerPort=0", $"Management:PublicUrl={ManagementUrl}/");
        using var api = new ApiClient(host.ManagementUri);
        using var client = await EchoClient.ConnectAsync(host.BannerEndPoint);
        using var plain = await host.ConnectAsync();
        await plain.EchoAsync(10);
        var banner = await ReadBannerAsync(client);
        await client.EchoAsync(100_000);

        banner.EnumerateObject().Select(property => property.Name).ShouldBe(["service", "version", "instance", "connection", "phase", "management"]);
        banner.GetProperty("service").GetString().ShouldBe("echoservice");
        banner.GetProperty("version").GetString().ShouldBe(Repository.Version);
        banner.GetProperty("instance").GetString().ShouldBe(Environment.MachineName);
        banner.GetProperty("phase").GetString().ShouldBe("serving");
        banner.GetProperty("management").GetString().ShouldBe(ManagementUrl);

        var shown = (await api.GetAsync("/clients?listener=banner")).ShouldBe(HttpStatusCode.OK).GetProperty("items").EnumerateArray().Single();
        shown.GetProperty("id").GetInt64().ShouldBe(banner.GetProperty("connection").GetInt64());
        shown.GetProperty("listener").GetString().ShouldBe("banner");
        (await api.GetAsync("/clients?listener=echo")).Json.GetProperty("items").EnumerateArray().Single().GetProperty("listener").GetString().ShouldBe("echo");

        // The line is no echo.
        var stats = await host.WaitForAsync(stats => stats.BytesSent == 100_010);
        stats.BytesReceived.ShouldBe(100_010);
        (await api.GetAsync("/stats")).Json.GetProperty("listeners").EnumerateArray().Select(listener => listener.ToString()).ShouldBe(
        [
            $$"""{"protocol":"tcp","endpoint":"[::]:{{host.EndPoint.Port}}","state":"listening","listener":"echo"}""",
            $$"""{"protocol":"tcp","endpoint":"[::]:{{host.BannerEndPoint.Port}}","state":"listening","listener":"banner"}""",
        ]);
        await client.FinishAsync();
        await plain.FinishAsync();
    }

    [Theory]
    [InlineData(16)]
    [InlineData(1024)]
    public async Task FollowsThePROXYHeaderAndPrecedesTheEchoOfWhatCameWithIt(int bufferSize)
    {
        var host = await StartAsync("Echo:BannerPort=0", "Echo:ProxyProtocol=required", "Echo:TrustedProxies=127.0.0.0/8", "Echo:ReceiveBufferSize=16", $"Echo:MaxReceiveBufferSize={bufferSize}");
        host.Preamble = ProxyHeaders.Good["v2 LOCAL"].Header;
        using var client = await EchoClient.ConnectAsync(host.BannerEndPoint);
        // Nobody learns anything before they have said who they are.
        client.Socket.Send(host.Preamble.Span[..5]);
        await host.WaitForAsync(_ => host.Server.Connections.Live.Any());
        client.Socket.Available.ShouldBe(0);

        byte[] rest = [.. host.Preamble.Span[5..], .. new Pattern(0).Take(100)];
        client.Socket.Send(rest);
        (await ReadBannerAsync(client)).GetProperty("management").ValueKind.ShouldBe(JsonValueKind.Null);
        await client.ReceiveAsync(100);
        client.ShutdownSend();
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        var stats = await host.WaitForAsync(stats => stats.BytesSent == 100);
        stats.BytesReceived.ShouldBe(100);
    }

    [Fact]
    public async Task CountsAgainstTheSameLimit()
    {
        var host = await StartAsync("Echo:BannerPort=0", "Echo:MaxConnections=1");
        using var first = await EchoClient.ConnectAsync(host.BannerEndPoint);
        await ReadBannerAsync(first);
        using var second = await EchoClient.ConnectAsync(host.BannerEndPoint);
        (await second.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        using var third = await host.ConnectAsync();
        (await third.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        (await host.WaitForAsync(stats => stats.Rejected["limit"] == 2)).Active.ShouldBe(1);
        await first.FinishAsync();
    }

    [Fact]
    public async Task IsDrainedClosedAndBoundAgainWithTheEchoPort()
    {
        var host = await StartAsync("Echo:BannerPort=0");
        using var api = new ApiClient(host.ManagementUri);
        using var held = await EchoClient.ConnectAsync(host.BannerEndPoint);
        await ReadBannerAsync(held);

        (await api.SendAsync(HttpMethod.Post, "/drain", Body("""{"readinessDelaySeconds": 600}"""))).ShouldBe(HttpStatusCode.Accepted);
        using var late = await EchoClient.ConnectAsync(host.BannerEndPoint);
        (await ReadBannerAsync(late)).GetProperty("phase").GetString().ShouldBe("lameDuck");
        (await api.DeleteAsync("/drain")).ShouldBe(HttpStatusCode.OK);

        (await api.SendAsync(HttpMethod.Post, "/drain", Body("""{"readinessDelaySeconds": 0, "spreadSeconds": 0}"""))).ShouldBe(HttpStatusCode.Accepted);
        foreach (var client in (EchoClient[])[held, late])
        {
            (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
            client.Dispose();
        }

        await Eventually.TrueAsync(async () => (await api.GetAsync("/drain")).Json.GetProperty("phase").GetString() == "drained");
        host.Server.Connections.Live.ShouldBeEmpty();
        (await Should.ThrowAsync<SocketException>(() => EchoClient.ConnectAsync(host.BannerEndPoint))).SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);

        // With one of the two ports gone neither is opened, and it says which.
        using (var taken = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true })
        {
            taken.Bind(new IPEndPoint(IPAddress.IPv6Any, host.BannerEndPoint.Port));
            taken.Listen();
            var refused = await api.DeleteAsync("/drain");
            refused.Status.ShouldBe(HttpStatusCode.Conflict);
            refused.Text.ShouldContain("The banner port could not be bound again");
            (await Should.ThrowAsync<SocketException>(() => EchoClient.ConnectAsync(host.EndPoint))).SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
            ListeningSocket.Close(taken);
        }

        (await api.DeleteAsync("/drain")).ShouldBe(HttpStatusCode.OK);
        using var after = await EchoClient.ConnectAsync(host.BannerEndPoint);
        (await ReadBannerAsync(after)).GetProperty("phase").GetString().ShouldBe("serving");
        await after.EchoAsync(1000);
        await after.FinishAsync();
    }

    [Fact]
    public async Task IsSentInFullBeforeTheFinOfACloseThatCameMeanwhile()
    {
        var host = await StartAsync("Echo:BannerPort=0");
        var write = host.Server.Banner!;
        var accepted = new TaskCompletionSource();
        // More than the kernel takes at once, so that the close finds it in hand.
        var length = 32 << 20;
        host.Server.Banner = id =>
        {
            accepted.TrySetResult();
            return [.. new byte[length].Select(_ => (byte)' '), .. write(id)];
        };
        using var client = await EchoClient.ConnectAsync(host.BannerEndPoint);
        await accepted.Task;
        var connection = (await Eventually.BecomesAsync(() => Task.FromResult(host.Server.Connections.Live.FirstOrDefault()), live => live is not null))!;
        await Eventually.TrueAsync(() => client.Socket.Available > 0);
        connection.Close(CloseReason.Admin).ShouldBeTrue();

        // Nobody else waits for who does not read.
        using (var other = await host.ConnectAsync())
        {
            await other.EchoAsync(1000);
            await other.FinishAsync();
        }

        (await ReadBannerAsync(client)).GetProperty("service").GetString().ShouldBe("echoservice");
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
    }

    private static Action<HttpRequestMessage> Body(string json) => request => request.Content = new StringContent(json, Encoding.UTF8, "application/json");

    /// <summary>Reads the line, and not a byte more.</summary>
    private static async Task<JsonElement> ReadBannerAsync(EchoClient client)
    {
        var line = new List<byte>();
        var buffer = new byte[65_536];
        using var deadline = new CancellationTokenSource(Eventually.Deadline);
        while (line.Count == 0 || line[^1] != '\n')
        {
            var peeked = await client.Socket.ReceiveAsync(buffer.AsMemory(), SocketFlags.Peek, deadline.Token);
            peeked.ShouldBeGreaterThan(0);
            var end = Array.IndexOf(buffer, (byte)'\n', 0, peeked);
            var count = await client.Socket.ReceiveAsync(buffer.AsMemory(0, end < 0 ? peeked : end + 1), deadline.Token);
            line.AddRange(buffer.AsSpan(0, count));
        }

        await EchoClient.LeaveSocketThreadAsync();
        return JsonSerializer.Deserialize<JsonElement>(line.ToArray());
    }
}
