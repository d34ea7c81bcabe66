using System.Collections.Concurrent;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.IntegrationTests.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Faults;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>Connections that always have bytes waiting: they neither starve others nor grow a stack.</summary>
public sealed class FairnessTests : ServiceTests
{
    // With buffers this small a stream takes the service far longer than its client, so that operations go on
    // completing at once for as long as the client wants.
    private static readonly string[] TinyBuffers = ["Echo:ReceiveBufferSize=64", "Echo:MaxReceiveBufferSize=64"];

    [Fact]
    public async Task OthersAreServedBesideFirehoses()
    {
        var host = await StartAsync(TinyBuffers);
        using var stop = new CancellationTokenSource();
        // Several for each socket thread.
        var firehoses = await host.ConnectAllAsync(2 * Environment.ProcessorCount);
        var streaming = Task.WhenAll(firehoses.Select(StreamAsync));
        var others = await host.ConnectAllAsync(8);
        foreach (var other in others)
        {
            await other.EchoAsync(1);
        }

        var before = (await host.GetStatsAsync()).BytesReceived;
        // For as long as it takes the firehoses to show that they are some, each answer within its deadline.
        for (var rounds = 0; rounds < 20 || (await host.GetStatsAsync()).BytesReceived - before < 1 << 20; rounds++)
        {
            foreach (var other in others)
            {
                await other.EchoAsync(1);
            }
        }

        await stop.CancelAsync();
        await streaming;
        foreach (var other in others)
        {
            await other.FinishAsync();
            other.Dispose();
        }

        async Task StreamAsync(EchoClient client)
        {
            var receiving = client.ReceiveToEndAsync();
            await client.SendUntilAsync(stop.Token);
            client.ShutdownSend();
            (await receiving).ShouldBe(StreamEnd.Fin);
            client.Received.ShouldBe(client.Sent);
            client.Dispose();
        }
    }

    [Fact]
    public async Task OperationsThatCompleteAtOnceDoNotRecurse()
    {
        // A quarter of a million receives and as many sends, most of which complete before they return.
        var host = await StartAsync(TinyBuffers);
        using var client = await host.ConnectAsync();
        await client.EchoAsync(16 << 20);
        await client.FinishAsync();
    }

    [Fact]
    public async Task InACrowdAStreamHasOneReceiveAtATime()
    {
        const int PerThread = 40;
        const int SampleInterval = 64;
        var streams = PerThread * InlineCompletions.ThreadCount;
        // Between two samples a thread has served 64 messages. Eight in a row each would be eight streams.
        var advanced = new ConcurrentQueue<int>();
        using var before = new ThreadLocal<long[]>();
        EchoServer? server = null;
        var observer = new Observer
        {
            OnTurnaround = () =>
            {
                var now = server!.Connections.Live.OrderBy(connection => connection.Id).Select(connection => connection.BytesReceived).ToArray();
                if (before.Value is { } then && then.Length == now.Length)
                {
                    advanced.Enqueue(now.Where((bytes, i) => bytes > then[i]).Count());
                }

                before.Value = now;
            },
        };
        await using var harness = new LifecycleHarness(new EchoOptions { ReceiveBufferSize = 64, MaxReceiveBufferSize = 64 }, observer: observer);
        server = harness.Server;
        var clients = await harness.ConnectAsync(streams);
        var block = new byte[32_768];
        // Read all along, or what the kernel has no room for would never be sent.
        var reading = Task.WhenAll(clients.Select(client => LifecycleHarness.ReadAsync(client, block.Length)));
        await Task.WhenAll(clients.Select(client => client.SendAsync(block, TestContext.Current.CancellationToken).AsTask()));
        await reading;
        await Eventually.TrueAsync(() => harness.Server.Counters.ReadBytes().Sent == (long)streams * block.Length);

        var samples = advanced.Order().ToArray();
        samples.Length.ShouldBeGreaterThan(streams * block.Length / 64 / SampleInterval / 2);
        samples[samples.Length / 2].ShouldBeGreaterThanOrEqualTo(PerThread / 2 * InlineCompletions.ThreadCount);
    }

    [Fact]
    public async Task OneWhoseTurnEndsOnAThreadThatServesNoSocketGoesOn()
    {
        var host = await StartAsync([.. TinyBuffers, "Faults:Enabled=true"]);
        host.Server.Faults.TryBegin(new FaultSpec(FaultKind.NoAccept, TimeSpan.FromMinutes(10)), out var fault, out _).ShouldBeTrue();
        using var client = await host.ConnectAsync();
        // Begun at once, and at its end when there is room for all of it.
        var sending = client.SendAsync(65_536);

        // It is let in from the thread pool, and has enough to read there for many turns.
        host.Server.Faults.TryEnd(fault!.Id, FaultEnd.Deleted, out _).ShouldBeTrue();

        await client.ReceiveAsync(65_536);
        await sending;
        await client.FinishAsync();
    }
}
