using EchoService.Transport.Faults;

namespace EchoService.IntegrationTests.Faults;

/// <summary>
/// Faults that begin and end at random over traffic. Those that hold back lose and repeat nothing; for those that alter,
/// received + added = sent + unsent + dropped, for each connection and together.
/// </summary>
public sealed class RandomFaultTests(ITestOutputHelper output) : FaultTests
{
    private static readonly FaultKind[] Holding = [FaultKind.Delay, FaultKind.Throttle, FaultKind.Stall, FaultKind.Slice, FaultKind.KeepOpen];

    private static readonly FaultKind[] Altering = [FaultKind.Corrupt, FaultKind.Drop, FaultKind.Duplicate, FaultKind.Reset, FaultKind.Fin];

    [Fact]
    public async Task WhatIsHeldBackComesWholeAndInOrder()
    {
        var random = Seeded();
        var clients = await Host.ConnectAllAsync(8);
        var traffic = Task.WhenAll(clients.Select(client => client.EchoAsync(300_000)));
        await BeginAndEndAsync(random, Holding, traffic);
        await traffic;
        foreach (var client in clients)
        {
            await client.FinishAsync();
            client.Dispose();
        }

        Host.Server.Counters.Altered.ShouldBe(0);
    }

    [Fact]
    public async Task WhatIsAlteredIsCounted()
    {
        BytesAreCut = true;
        var random = Seeded();
        var traffic = Task.WhenAll(Enumerable.Range(0, 40).Select(_ => OneClientAsync(random.Next())));
        await BeginAndEndAsync(random, [.. Holding, .. Altering], traffic);
        await traffic;
        var stats = await Host.WaitForAsync(stats => stats.Active == 0 && stats.Accepted == 40);
        var ended = Host.Server.Connections.Ended.ToArray();
        ended.ShouldAllBe(connection => connection.PendingBytes >= 0);
        var counters = Host.Server.Faults.Counters;
        (stats.BytesReceived + counters.Bytes(FaultKind.Duplicate))
            .ShouldBe(stats.BytesSent + ended.Sum(connection => connection.PendingBytes) + counters.Bytes(FaultKind.Drop));
        ended.Sum(connection => connection.BytesReceived).ShouldBe(stats.BytesReceived);
        ended.Sum(connection => connection.BytesSent).ShouldBe(stats.BytesSent);
    }

    private Random Seeded()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("ECHO_SEED"), out var given) ? given : Random.Shared.Next();
        output.WriteLine($"ECHO_SEED={seed}");
        return new Random(seed);
    }

    private async Task BeginAndEndAsync(Random random, FaultKind[] kinds, Task traffic)
    {
        for (var i = 0; i < 150; i++)
        {
            if (random.Next(3) > 0 || Host.Server.Faults.Active.Count == 0)
            {
                Begin(new FaultSpec(kinds[random.Next(kinds.Length)], Long)
                {
                    Delay = TimeSpan.FromMilliseconds(random.Next(20)),
                    Jitter = TimeSpan.FromMilliseconds(random.Next(5)),
                    BytesPerSecond = random.Next(1_000_000, 50_000_000),
                    PieceBytes = random.Next(100, 5000),
                    AfterBytes = random.Next(200_000),
                    EveryBytes = random.Next(1, 3000),
                    Percent = random.Next(101),
                    Scope = (FaultScope)random.Next(3),
                    Seed = random.Next(),
                });
            }
            else
            {
                End(Host.Server.Faults.Active[random.Next(Host.Server.Faults.Active.Count)]);
            }

            if (traffic.IsCompleted)
            {
                break;
            }

            // As long as the service needs for an answer, whatever it is doing.
            await Host.GetStatsAsync();
        }

        Host.Server.Faults.EndAll();
    }

    private async Task OneClientAsync(int seed)
    {
        var random = new Random(seed);
        using var socket = await ConnectRawAsync();
        try
        {
            await ExchangeAsync(socket, new byte[random.Next(1, 400_000)], () => random.Next(1, 30_000));
        }
        catch (System.Net.Sockets.SocketException)
        {
            // Reset by a fault while it was sending.
        }
    }
}
