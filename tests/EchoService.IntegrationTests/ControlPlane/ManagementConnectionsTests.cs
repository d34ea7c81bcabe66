using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EchoService.ControlPlane.Connections;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>How many clients the management API has at once, and who gives way to whom.</summary>
public sealed class ManagementConnectionsTests
{
    private const int Limit = 8;

    private static readonly string[] Settings = ["Echo:Address=127.0.0.1", $"Management:MaxConnections={Limit}", "Management:MaxEventStreams=2"];

    [Theory]
    [InlineData("")]
    [InlineData("GET /livez")]
    [InlineData("GET /livez HTTP/1.1\r\nHost: local")]
    [InlineData("POST /drain HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{\"time")]
    public async Task ThoseWhoHoldEveryPlaceGiveWayToAProbe(string begun)
    {
        await using var host = await EchoHost.StartAsync(Settings);
        var connections = host.Service<ManagementConnections>();
        var strangers = Enumerable.Range(0, 5 * Limit).Select(_ => Connect(host, begun)).ToArray();
        await Eventually.TrueAsync(() => connections.Rejected >= 4 * Limit);
        connections.Active.ShouldBe(Limit);

        for (var i = 0; i < 2 * Limit; i++)
        {
            using var probe = Connect(host, "GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
            (await ReadToEndAsync(probe)).ShouldStartWith("HTTP/1.1 200 OK");
        }

        connections.Active.ShouldBeLessThanOrEqualTo(Limit);
        foreach (var stranger in strangers)
        {
            stranger.Dispose();
        }

        await Eventually.TrueAsync(() => connections.Active == 0);
        (await host.GetStatsAsync()).Active.ShouldBe(0);
    }

    [Fact]
    public async Task WhoWasInUseLastDoesNotGiveWay()
    {
        await using var host = await EchoHost.StartAsync(Settings);
        using var scraper = Connect(host, "");
        var strangers = new List<Socket>();
        var buffer = new byte[4096];
        for (var i = 0; i < 3 * Limit; i++)
        {
            await SendAsync(scraper, "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
            (await scraper.ReceiveAsync(buffer, TestContext.Current.CancellationToken)).ShouldBeGreaterThan(0);
            await EchoClient.LeaveSocketThreadAsync();
            // Kept, so that none is closed by the garbage collection.
            strangers.Add(Connect(host, ""));
        }

        strangers.ForEach(stranger => stranger.Dispose());
    }

    [Fact]
    public async Task ReadersOfEventsHaveALimitOfTheirOwn()
    {
        await using var host = await EchoHost.StartAsync(Settings);
        var connections = host.Service<ManagementConnections>();
        using var first = Connect(host, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
        using var second = Connect(host, "GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n");
        await Eventually.TrueAsync(() => connections.EventStreams == 2);

        const string Third = "GET /events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        using (var refused = Connect(host, Third))
        {
            var answer = await ReadToEndAsync(refused);
            answer.ShouldStartWith("HTTP/1.1 503 ");
            answer.ShouldContain("application/problem+json");
            answer.ShouldContain("Management:MaxEventStreams");
        }

        // They are no place for others to take either.
        var strangers = Enumerable.Range(0, 2 * Limit).Select(_ => Connect(host, "")).ToArray();

        await Eventually.TrueAsync(() => connections.Rejected > Limit);
        connections.EventStreams.ShouldBe(2);

        first.Dispose();
        await Eventually.TrueAsync(() => connections.EventStreams == 1);
        using var next = Connect(host, Third);
        await Eventually.TrueAsync(() => connections.EventStreams == 2);
        Array.ForEach(strangers, stranger => stranger.Dispose());
    }

    [Fact]
    public async Task HalfARequestDoesNotHoldTheEnd()
    {
        await using var host = await EchoHost.StartAsync([.. Settings, "Drain:Timeout=00:10:00"]);
        using var header = Connect(host, "GET /livez HTTP/1.1\r\nHost: local");
        using var body = Connect(host, "POST /drain HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 9000\r\n\r\n");
        await Eventually.TrueAsync(() => host.Service<ManagementConnections>().Active == 2);
        // Faster than Kestrel asks for, so that it is not cut off for being slow.
        using var stop = new CancellationTokenSource();
        var dripping = Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested && body.Poll(0, SelectMode.SelectWrite))
                {
                    if (body.Send(new byte[50], SocketFlags.None, out var error) == 0 || error != SocketError.Success)
                    {
                        return;
                    }

                    await Task.Delay(100, stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
                }
            },
            TestContext.Current.CancellationToken);

        var began = Stopwatch.GetTimestamp();
        await host.StopAsync();
        Stopwatch.GetElapsedTime(began).ShouldBeLessThan(TimeSpan.FromSeconds(10));
        await stop.CancelAsync();
        await dripping;
    }

    private static Socket Connect(EchoHost host, string begun)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(IPAddress.Loopback, host.ManagementUri.Port);
        socket.Send(Encoding.ASCII.GetBytes(begun));
        return socket;
    }

    private static async Task SendAsync(Socket socket, string text) =>
        await socket.SendAsync(Encoding.ASCII.GetBytes(text), TestContext.Current.CancellationToken);

    private static async Task<string> ReadToEndAsync(Socket socket)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Eventually.Deadline);
        var text = new StringBuilder();
        var buffer = new byte[4096];
        int read;
        while ((read = await socket.ReceiveAsync(buffer, deadline.Token)) > 0)
        {
            text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        await EchoClient.LeaveSocketThreadAsync();
        return text.ToString();
    }
}
