using System.Diagnostics;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Connections;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>A graceful close gives a client all that the service says it sent, and says how it went.</summary>
public sealed class GracefulCloseTests : ServiceTests
{
    [Fact]
    public async Task ASlowReaderThatGoesOnSendingGetsEverythingHoweverLongItTakes()
    {
        var closeTimeout = TimeSpan.FromSeconds(0.5);
        var host = await StartAsync("Echo:CloseTimeout=00:00:00.5", "Echo:SendTimeout=00:00:20", "Echo:SocketSendBuffer=262144");
        using var client = await host.ConnectAsync(receiveBufferSize: 8192);
        using var stop = new CancellationTokenSource();
        var sending = client.SendUntilAsync(stop.Token);
        await host.WaitForAsync(_ => host.Server.Connections.Live.Any());
        var connection = host.Server.Connections.Live.ShouldHaveSingleItem();
        // Its echo fills what the kernel holds for it.
        await Eventually.TrueAsync(() => connection.PendingBytes > 0 && connection.BytesSent - client.Received > 262_144);
        connection.Close(CloseReason.Admin).ShouldBeTrue();

        // It reads on, for several times as long as a silent peer would be waited for.
        var began = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(began) < 6 * closeTimeout)
        {
            await client.ReceiveAsync(2048);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        // Our FIN is behind what the kernel holds, so it goes on.
        connection.State.ShouldBe(ConnectionState.Closing);
        await stop.CancelAsync();
        await sending;
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        client.Received.ShouldBe(connection.BytesSent);
        connection.BytesReceived.ShouldBe(connection.BytesSent);
        client.ShutdownSend();
        await host.WaitForAsync(stats => stats.Active == 0 && stats.Closed["admin"] == 1);
        connection.CloseOutcome.ShouldBe(CloseOutcome.InOrder);
    }

    [Fact]
    public async Task AClosedClientTellsWhoAskedAndHowItWent()
    {
        BytesAreCut = true;
        var host = await StartAsync("Echo:SendTimeout=00:00:01");
        using var orderly = await host.ConnectAsync();
        await orderly.EchoAsync(10);
        await orderly.FinishAsync();
        await host.WaitForAsync(stats => stats.Active == 0);
        var first = host.Server.Connections.Ended.Single();
        (first.CloseReason, first.CloseOutcome, first.PendingBytes).ShouldBe((CloseReason.ClientFin, CloseOutcome.InOrder, 0));

        using var deaf = await host.ConnectAsync(receiveBufferSize: 4096);
        using var stop = new CancellationTokenSource();
        var sending = deaf.SendUntilAsync(stop.Token);
        await host.WaitForAsync(stats => stats.Closed["sendTimeout"] == 1);
        await sending;
        using var http = new HttpClient { BaseAddress = host.ManagementUri };
        var closed = System.Text.Json.JsonDocument
            .Parse(await http.GetStringAsync("/clients?state=closed&sort=-id&limit=2", TestContext.Current.CancellationToken))
            .RootElement.GetProperty("items");
        var (cut, fin) = (closed[0], closed[1]);
        cut.GetProperty("closedHow").GetString().ShouldBe("reset");
        cut.GetProperty("closeReason").GetString().ShouldBe("sendTimeout");
        cut.GetProperty("bytesUnsent").GetInt64().ShouldBe(cut.GetProperty("bytesReceived").GetInt64() - cut.GetProperty("bytesSent").GetInt64());
        cut.GetProperty("bytesUnsent").GetInt64().ShouldBePositive();
        cut.GetProperty("pendingBytes").GetInt64().ShouldBe(0);
        fin.GetProperty("closedHow").GetString().ShouldBe("fin");
        fin.GetProperty("bytesUnsent").GetInt64().ShouldBe(0);
    }

    [Fact]
    public async Task UrgentDataKeepsItsPlace()
    {
        var host = await StartAsync();
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(host.EndPoint);
        socket.Send("ab"u8);
        socket.Send("c"u8.ToArray(), SocketFlags.OutOfBand);
        socket.Send("de"u8);
        socket.Shutdown(SocketShutdown.Send);
        (await LifecycleReadAsync(socket)).ShouldBe("abcde"u8.ToArray());

        static async Task<byte[]> LifecycleReadAsync(Socket socket) => await Lifecycle.LifecycleHarness.ReadAsync(socket, 100);
    }
}
