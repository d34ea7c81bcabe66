using EchoService.IntegrationTests.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Addressing;
using EchoService.Transport.Connections;
using EchoService.Transport.ProxyProtocol;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>
/// Bytes that have come and that no loop has read yet are held against nobody. Runs alone: it keeps the threads busy that
/// serve the sockets of all tests.
/// </summary>
[Collection(nameof(UnreadBytesTests))]
[CollectionDefinition(nameof(UnreadBytesTests), DisableParallelization = true)]
public sealed class UnreadBytesTests
{
    [Fact]
    public Task ClientsWhoseBytesTheLoopHasNotReadYetAreNotIdle() => KeepsWhoHasSentAsync(new EchoOptions { IdleTimeout = TimeSpan.FromSeconds(5) }, []);

    [Fact]
    public Task AHeaderThatTheLoopHasNotReadYetIsNotLate() => KeepsWhoHasSentAsync(
        new EchoOptions
        {
            ProxyProtocol = ProxyProtocolMode.Required,
            TrustedProxies = [AddressRange.TryParse("127.0.0.1", out var loopback) ? loopback : null!],
            ProxyHeaderTimeout = TimeSpan.FromSeconds(3),
        },
        "PROXY UNKNOWN\r\n"u8.ToArray());

    private static async Task KeepsWhoHasSentAsync(EchoOptions options, byte[] header)
    {
        using var goOn = new ManualResetEventSlim();
        // The first message on each thread has its turnaround taken, and keeps the thread from reading any other.
        var observer = new Observer { OnTurnaround = () => goOn.Wait(Eventually.Deadline) };
        await using var harness = new LifecycleHarness(options, observer: observer);
        var clients = await harness.ConnectAsync(12);
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        EchoConnection[] unread;
        try
        {
            foreach (var client in clients)
            {
                client.Send([.. header, 7]).ShouldBe(header.Length + 1);
            }

            // Every thread that serves one of them has come to its first message, and to no other.
            var (same, last) = (0, 0);
            await Eventually.TrueAsync(() =>
            {
                var read = harness.Server.Connections.Live.Count(connection => connection.BytesReceived > 0);
                same = read > 0 && read == last ? same + 1 : 0;
                last = read;
                return same == 50;
            });
            harness.Time.Advance(TimeSpan.FromSeconds(10));
            unread = [.. harness.Server.Connections.Live.Where(connection => connection.BytesReceived == 0)];
            unread.Length.ShouldBeGreaterThan(0);
            unread.ShouldAllBe(connection => connection.State == ConnectionState.Open);
        }
        finally
        {
            goOn.Set();
        }

        await Eventually.TrueAsync(() => unread.All(connection => connection.BytesSent == 1));
        unread.ShouldAllBe(connection => connection.CloseReason == CloseReason.None);
    }
}
