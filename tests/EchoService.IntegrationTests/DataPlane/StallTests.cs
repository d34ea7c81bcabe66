using EchoService.IntegrationTests.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Addressing;
using EchoService.Transport.Connections;
using EchoService.Transport.ProxyProtocol;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>Time that the process was itself away is held against nobody who sent meanwhile.</summary>
public sealed class StallTests
{
    private static readonly EchoOptions Idle = new() { IdleTimeout = TimeSpan.FromSeconds(5) };

    [Fact]
    public async Task AClientThatWasEchoedBeforeTheClockWentOnIsNotIdle()
    {
        await using var harness = new LifecycleHarness(Idle);
        var active = await harness.ConnectAsync();
        var silent = await harness.ConnectAsync();
        harness.Time.Advance(TimeSpan.FromSeconds(1));

        // Suspended for a minute. Back, the loop is the first to run, and stamps with the time that it was.
        harness.Time.Suspend(TimeSpan.FromMinutes(1));
        await harness.EchoAsync(active);
        harness.Time.Advance(TimeSpan.FromSeconds(1));

        await LifecycleHarness.ShouldSeeFinAsync(silent);
        await harness.EchoAsync(active);
        harness.Server.Connections.Live.Count(connection => connection.State == ConnectionState.Open).ShouldBe(1);
    }

    [Fact]
    public Task ClientsWhoseBytesTheLoopHasNotReadYetAreNotIdle() => KeepsWhoHasSentAsync(Idle, []);

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
