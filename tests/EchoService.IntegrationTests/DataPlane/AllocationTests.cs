using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>A message costs no managed memory. Runs alone: the measure is that of the whole process.</summary>
[Collection(nameof(AllocationTests))]
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public sealed class AllocationTests : ServiceTests
{
    [Fact]
    public async Task AMillionMessagesAllocateNothing()
    {
        const int MessageSize = 64;
        const int StreamedMessages = 500_000;
        const int RoundTrips = 25_000;
        // A receive takes 64 bytes, so a stream is that many messages, most of which find their operations complete at
        // once and some of which go through the turnstile. Round trips wait for each operation.
        var host = await StartAsync($"Echo:ReceiveBufferSize={MessageSize}", $"Echo:MaxReceiveBufferSize={MessageSize}");
        // Once before the measure, for what is made on demand.
        await TalkAsync(StreamedMessages / 50, RoundTrips / 50);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        await TalkAsync(StreamedMessages, RoundTrips);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        (await host.GetStatsAsync()).BytesReceived.ShouldBeGreaterThan(2L * StreamedMessages * MessageSize);
        // What is left is per connection, per test thread and per beat of the clocks.
        allocated.ShouldBeLessThan(500_000, $"{allocated} bytes for {2 * (StreamedMessages + RoundTrips)} messages");

        async Task TalkAsync(int streamed, int roundTrips)
        {
            await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => OnThreadAsync(() =>
            {
                // Blocking calls on threads of their own: they allocate nothing, unlike any asynchronous client.
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                socket.Connect(host.EndPoint);
                var message = new byte[MessageSize];
                for (var i = 0; i < roundTrips; i++)
                {
                    socket.Send(message);
                    ReceiveExactly(socket, MessageSize);
                }

                var chunk = new byte[128 * MessageSize];
                var receiving = OnThreadAsync(() => ReceiveExactly(socket, (long)streamed / 128 * chunk.Length));
                for (var i = 0; i < streamed / 128; i++)
                {
                    socket.Send(chunk);
                }

                receiving.GetAwaiter().GetResult();
                socket.Shutdown(SocketShutdown.Both);
            })));
        }
    }

    [Fact]
    public async Task DatagramsAllocateNothing()
    {
        const int Datagrams = 25_000;
        var host = await StartAsync("Echo:Udp:Enabled=true", "Echo:Udp:RatePerSource=1000000");
        // Once before the measure: the first one opens the address's socket.
        await TalkAsync(Datagrams / 50);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        await TalkAsync(Datagrams);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        host.Server.UdpCounters.Sent.ShouldBeGreaterThanOrEqualTo(Datagrams);
        allocated.ShouldBeLessThan(500_000, $"{allocated} bytes for {Datagrams} datagrams");

        Task TalkAsync(int datagrams) => OnThreadAsync(() =>
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = (int)Eventually.Deadline.TotalMilliseconds };
            socket.Connect("127.0.0.1", host.EndPoint.Port);
            Span<byte> datagram = stackalloc byte[64];
            for (var i = 0; i < datagrams; i++)
            {
                socket.Send(datagram);
                socket.Receive(datagram);
            }
        });
    }

    private static void ReceiveExactly(Socket socket, long count)
    {
        Span<byte> buffer = stackalloc byte[16 * 1024];
        while (count > 0)
        {
            var received = socket.Receive(buffer[..(int)Math.Min(buffer.Length, count)]);
            // No assertion here: it would allocate.
            count -= received > 0 ? received : throw new EndOfStreamException();
        }
    }

    private static Task OnThreadAsync(Action action) =>
        Task.Factory.StartNew(action, TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
}
