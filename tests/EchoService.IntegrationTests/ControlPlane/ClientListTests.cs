using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Connections;

namespace EchoService.IntegrationTests.ControlPlane;

public sealed class ClientListTests : ApiTests
{
    [Fact]
    public async Task ShowsAClient()
    {
        using var client = await Host.ConnectAsync();
        await client.EchoAsync(3000);

        var list = (await Api.GetAsync("/clients")).ShouldBe(HttpStatusCode.OK);
        list.GetProperty("total").GetInt32().ShouldBe(1);
        list.GetProperty("next").ValueKind.ShouldBe(JsonValueKind.Null);
        var shown = list.GetProperty("items").EnumerateArray().Single();
        // As the client sees itself: the listener is dual-stack, yet no ::ffff: shows.
        shown.GetProperty("remoteEndPoint").GetString().ShouldBe(client.Socket.LocalEndPoint!.ToString());
        shown.GetProperty("peerEndPoint").GetString().ShouldBe(client.Socket.LocalEndPoint!.ToString());
        shown.GetProperty("localEndPoint").GetString().ShouldBe(client.Socket.RemoteEndPoint!.ToString());
        shown.GetProperty("proxied").GetBoolean().ShouldBeFalse();
        shown.GetProperty("state").GetString().ShouldBe("open");
        shown.GetProperty("connectedAt").GetDateTime().Kind.ShouldBe(DateTimeKind.Utc);
        shown.GetProperty("lastReceivedAt").GetDateTime().ShouldBeGreaterThanOrEqualTo(shown.GetProperty("connectedAt").GetDateTime());
        shown.GetProperty("lastSentAt").GetDateTime().ShouldBeGreaterThanOrEqualTo(shown.GetProperty("lastReceivedAt").GetDateTime());
        shown.GetProperty("ageSeconds").GetDouble().ShouldBeGreaterThanOrEqualTo(shown.GetProperty("idleSeconds").GetDouble());
        shown.GetProperty("bytesReceived").GetInt64().ShouldBe(3000);
        shown.GetProperty("bytesSent").GetInt64().ShouldBe(3000);
        shown.GetProperty("pendingBytes").GetInt64().ShouldBe(0);
        shown.GetProperty("closedAt").ValueKind.ShouldBe(JsonValueKind.Null);
        shown.GetProperty("closeReason").ValueKind.ShouldBe(JsonValueKind.Null);

        var one = (await Api.GetAsync($"/clients/{shown.GetProperty("id").GetInt64()}")).ShouldBe(HttpStatusCode.OK);
        one.GetProperty("remoteEndPoint").GetString().ShouldBe(client.Socket.LocalEndPoint!.ToString());
        await client.FinishAsync();
    }

    [Fact]
    public async Task ShowsNoTimesForBytesThatNeverCame()
    {
        using var client = await Host.ConnectAsync();
        var shown = (await WaitForItemsAsync("/clients", 1)).Single();
        shown.GetProperty("lastReceivedAt").ValueKind.ShouldBe(JsonValueKind.Null);
        shown.GetProperty("lastSentAt").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task FiltersByState()
    {
        var clients = await Host.ConnectAllAsync(3);
        var ids = Ids(await WaitForItemsAsync("/clients", 3));
        (await Api.DeleteAsync($"/clients/{ids[1]}")).ShouldBe(HttpStatusCode.Accepted);
        await clients[2].FinishAsync();

        Ids(await WaitForItemsAsync("/clients?state=closed", 1)).ShouldBe([ids[2]]);
        Ids(await ItemsAsync("/clients?state=open")).ShouldBe([ids[0]]);
        Ids(await ItemsAsync("/clients?state=closing")).ShouldBe([ids[1]]);
        Ids(await ItemsAsync("/clients")).ShouldBe([ids[0], ids[1]]);

        var closed = (await Api.GetAsync($"/clients/{ids[2]}")).ShouldBe(HttpStatusCode.OK);
        closed.GetProperty("state").GetString().ShouldBe("closed");
        closed.GetProperty("closeReason").GetString().ShouldBe("clientFin");
        closed.GetProperty("closedAt").GetDateTime().ShouldBeGreaterThanOrEqualTo(closed.GetProperty("connectedAt").GetDateTime());
        Dispose(clients);
    }

    [Theory]
    [Needs(Need.Loopbacks)]
    [InlineData("127.0.0.2", 1)]
    [InlineData("127.0.0.2/32", 1)]
    [InlineData("127.0.0.0/8", 2)]
    [InlineData("::1", 1)]
    [InlineData("::/0", 1)]
    [InlineData("0.0.0.0/0", 2)]
    [InlineData("10.0.0.0/8", 0)]
    [InlineData("fd00::/8", 0)]
    public async Task FiltersByAddress(string remote, int matching)
    {
        var port = Host.EndPoint.Port;
        using var first = await ConnectAsync(IPAddress.Loopback, IPAddress.Loopback, port);
        using var second = await ConnectAsync(IPAddress.Parse("127.0.0.2"), IPAddress.Loopback, port);
        using var third = await ConnectAsync(IPAddress.IPv6Loopback, IPAddress.IPv6Loopback, port);
        await WaitForItemsAsync("/clients", 3);
        (await ItemsAsync($"/clients?remote={Uri.EscapeDataString(remote)}")).Length.ShouldBe(matching);
    }

    [Fact]
    public async Task FiltersByAgeAndIdleTime()
    {
        using var quiet = await Host.ConnectAsync();
        using var busy = await Host.ConnectAsync();
        // Until the busy one has moved a byte later than the quiet one connected, by a margin that the clock can show.
        await Eventually.TrueAsync(async () =>
        {
            await busy.EchoAsync(1);
            return (await ItemsAsync("/clients?minAgeSeconds=0.5")).Length == 2;
        });
        var ids = Ids(await ItemsAsync("/clients"));
        Ids(await ItemsAsync("/clients?minIdleSeconds=0.4")).ShouldBe([ids[0]]);
        Ids(await ItemsAsync("/clients?sort=idle")).ShouldBe([ids[1], ids[0]]);
        Ids(await ItemsAsync("/clients?sort=-idle")).ShouldBe(ids);
        (await ItemsAsync("/clients?minAgeSeconds=1000")).ShouldBeEmpty();
        (await ItemsAsync("/clients?minIdleSeconds=1000")).ShouldBeEmpty();
    }

    [Fact]
    public async Task FiltersByPendingBytes()
    {
        BytesAreCut = true;
        using var attentive = await Host.ConnectAsync();
        await attentive.EchoAsync(1);
        // Reads nothing: its echo fills its small window, then the service's send buffer, then waits in the service.
        using var deaf = await Host.ConnectAsync(receiveBufferSize: 4096);
        using var enough = new CancellationTokenSource();
        var sending = deaf.SendUntilAsync(enough.Token);

        var found = await WaitForItemsAsync("/clients?minPendingBytes=1&sort=-pendingBytes", 1);
        found[0].GetProperty("remoteEndPoint").GetString().ShouldBe(deaf.Socket.LocalEndPoint!.ToString());
        // Filter and answer read the figures one after the other, so the echo must be stuck for good: nothing moves any
        // more between one answer and the next, and bytes are pending all the while.
        var last = -1L;
        var same = 0;
        await Eventually.TrueAsync(async () =>
        {
            var item = (await WaitForItemsAsync("/clients?minPendingBytes=1", 1))[0];
            var moved = item.GetProperty("bytesReceived").GetInt64() + item.GetProperty("bytesSent").GetInt64();
            same = moved == last && item.GetProperty("pendingBytes").GetInt64() > 0 ? same + 1 : 0;
            last = moved;
            return same == 10;
        });
        await enough.CancelAsync();
        await sending;
        deaf.Reset();
    }

    [Theory]
    [InlineData("id", 0, 1, 2)]
    [InlineData("-id", 2, 1, 0)]
    [InlineData("age", 2, 1, 0)]
    [InlineData("-age", 0, 1, 2)]
    [InlineData("bytesReceived", 1, 0, 2)]
    [InlineData("-bytesReceived", 2, 0, 1)]
    [InlineData("bytesSent", 1, 0, 2)]
    [InlineData("-bytesSent", 2, 0, 1)]
    public async Task Sorts(string sort, params int[] expected)
    {
        var clients = await Host.ConnectAllAsync(3);
        await clients[0].EchoAsync(200);
        await clients[1].EchoAsync(100);
        await clients[2].EchoAsync(300);
        var ids = Ids(await ItemsAsync("/clients"));
        Ids(await ItemsAsync($"/clients?sort={sort}")).ShouldBe(expected.Select(index => ids[index]));

        // Page by page the order is the same, and so it is among those that have closed.
        Ids(await PagesAsync($"/clients?sort={sort}&limit=1")).ShouldBe(expected.Select(index => ids[index]));
        if (!sort.EndsWith("age", StringComparison.Ordinal))
        {
            foreach (var client in clients)
            {
                await client.FinishAsync();
            }

            await WaitForItemsAsync("/clients?state=closed", 3);
            Ids(await PagesAsync($"/clients?state=closed&sort={sort}&limit=1")).ShouldBe(expected.Select(index => ids[index]));
        }

        Dispose(clients);
    }

    [Theory]
    [InlineData("id")]
    [InlineData("-id")]
    [InlineData("idle")]
    [InlineData("-age")]
    [InlineData("bytesSent")]
    [InlineData("-pendingBytes")]
    public async Task PagesHoldEveryClientOnce(string sort)
    {
        var clients = await Host.ConnectAllAsync(25);
        var ids = Ids(await ItemsAsync("/clients"));
        ids.Length.ShouldBe(25);

        var first = (await Api.GetAsync($"/clients?sort={sort}&limit=10")).ShouldBe(HttpStatusCode.OK);
        first.GetProperty("items").GetArrayLength().ShouldBe(10);
        first.GetProperty("total").GetInt32().ShouldBe(25);
        var all = await PagesAsync($"/clients?sort={sort}&limit=10");
        Ids(all).Order().ShouldBe(ids);
        Dispose(clients);
    }

    [Fact]
    public async Task LeavesNobodyOutWhenClientsOfAnEarlierPageLeave()
    {
        var clients = await Host.ConnectAllAsync(6);
        var ids = Ids(await ItemsAsync("/clients"));
        var first = (await Api.GetAsync("/clients?limit=3")).ShouldBe(HttpStatusCode.OK);
        await clients[0].FinishAsync();
        await clients[2].FinishAsync();
        await WaitForItemsAsync("/clients", 4);
        Ids(await ItemsAsync($"/clients?limit=3&cursor={first.GetProperty("next").GetString()}")).ShouldBe(ids[3..]);
        Dispose(clients);
    }

    [Fact]
    public async Task RemembersTheLastThousandThatClosed()
    {
        const int More = 10;
        for (var i = 0; i < ConnectionRegistry.RememberedConnections + More; i++)
        {
            using var client = await Host.ConnectAsync();
            await client.FinishAsync();
        }

        await Host.WaitForAsync(stats => stats.Active == 0);
        var list = (await Api.GetAsync("/clients?state=closed&limit=1000")).ShouldBe(HttpStatusCode.OK);
        list.GetProperty("total").GetInt32().ShouldBe(ConnectionRegistry.RememberedConnections);
        list.GetProperty("items")[0].GetProperty("id").GetInt64().ShouldBe(More + 1);
        (await Api.GetAsync("/clients/1")).ShouldBeProblem(HttpStatusCode.NotFound);
    }

    private static async Task<Socket> ConnectAsync(IPAddress from, IPAddress to, int port)
    {
        var socket = new Socket(from.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(from, 0));
        await socket.ConnectAsync(to, port, TestContext.Current.CancellationToken);
        return socket;
    }

    private static long[] Ids(JsonElement[] items) => [.. items.Select(item => item.GetProperty("id").GetInt64())];

    private static void Dispose(EchoClient[] clients)
    {
        foreach (var client in clients)
        {
            client.Dispose();
        }
    }

    private async Task<JsonElement[]> ItemsAsync(string path) =>
        [.. (await Api.GetAsync(path)).ShouldBe(HttpStatusCode.OK).GetProperty("items").EnumerateArray()];

    private Task<JsonElement[]> WaitForItemsAsync(string path, int count) =>
        Eventually.BecomesAsync(() => ItemsAsync(path), items => items.Length == count, text: $"{count} items of {path}");

    private async Task<JsonElement[]> PagesAsync(string path)
    {
        var items = new List<JsonElement>();
        string? cursor = null;
        do
        {
            var page = (await Api.GetAsync(cursor is null ? path : $"{path}&cursor={cursor}")).ShouldBe(HttpStatusCode.OK);
            items.AddRange(page.GetProperty("items").EnumerateArray());
            cursor = page.GetProperty("next").GetString();
        }
        while (cursor is not null);
        return [.. items];
    }
}
