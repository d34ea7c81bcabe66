using System.Globalization;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>A thousand clients that send and never read: the kernel holds for them what the settings say, and no more.</summary>
[Needs(Need.Linux)]
public sealed class SlowReaderTests : ServiceTests
{
    private const int Readers = 1000;
    private const int SocketBuffer = 16_384;

    [Fact]
    public async Task CostNoMoreOfTheKernelThanTheSettingsSay()
    {
        BytesAreCut = true;
        var host = await StartAsync("Echo:Address=127.0.0.1", $"Echo:SocketSendBuffer={SocketBuffer}", $"Echo:SocketReceiveBuffer={SocketBuffer}");
        var readers = await Task.WhenAll(Enumerable.Range(0, Readers).Select(_ => ConnectAsync(host)));
        var chunk = new byte[SocketBuffer];

        // All are stuck when nobody could send anything for a while, and nothing has moved.
        var (last, unchanged) = (-1L, 0);
        await host.WaitForAsync(stats =>
        {
            var sent = readers.Sum(reader => reader.Send(chunk, SocketFlags.None, out var error) is var count && error == SocketError.Success ? count : 0);
            unchanged = sent == 0 && stats.BytesReceived == last ? unchanged + 1 : 0;
            last = stats.BytesReceived;
            return unchanged == 10;
        });

        var held = QueuedBytes(host.EndPoint.Port);
        // The list is read in pieces, between which others may move in it.
        held.Count.ShouldBeInRange(Readers * 9 / 10, Readers);
        // The kernel doubles what it is asked for, for its own use of it, in either direction (socket(7)).
        held.ShouldAllBe(bytes => bytes > 0 && bytes <= 2 * (SocketBuffer + SocketBuffer));
        (await host.GetStatsAsync()).BufferBytesInUse.ShouldBeLessThanOrEqualTo(Readers * 65_536);

        using var other = await host.ConnectAsync();
        await other.EchoAsync(100_000);
        await other.FinishAsync();
        foreach (var reader in readers)
        {
            reader.LingerState = new LingerOption(enable: true, seconds: 0);
            reader.Dispose();
        }
    }

    private static async Task<Socket> ConnectAsync(EchoHost host)
    {
        // Small ones on this side too, so that it is soon full.
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { SendBufferSize = SocketBuffer, ReceiveBufferSize = SocketBuffer };
        await socket.ConnectAsync(host.EndPoint, TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        socket.Blocking = false;
        return socket;
    }

    /// <summary>What the kernel holds for each connection of a server's port, in both directions (proc_pid_net(5)).</summary>
    private static List<long> QueuedBytes(int port)
    {
        // 127.0.0.1, as it lies in memory.
        var local = string.Create(CultureInfo.InvariantCulture, $"0100007F:{port:X4}");
        const string Established = "01";
        return [.. File.ReadLines("/proc/self/net/tcp")
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(fields => fields[1] == local && fields[3] == Established)
            .DistinctBy(fields => fields[2])
            .Select(fields => fields[4].Split(':').Sum(queue => long.Parse(queue, NumberStyles.HexNumber, CultureInfo.InvariantCulture)))];
    }
}
