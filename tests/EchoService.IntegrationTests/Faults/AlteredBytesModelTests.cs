using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Faults;

namespace EchoService.IntegrationTests.Faults;

/// <summary>
/// The exact bytes that each client gets while faults that alter come and go, and others hold back and cut into pieces
/// what is altered, against a model that knows nothing of reads, sends or time.
/// </summary>
public sealed class AlteredBytesModelTests(ITestOutputHelper output) : FaultTests
{
    private const int Clients = 6;
    private const int Rounds = 6;

    private static readonly FaultKind[] Altering = [FaultKind.Corrupt, FaultKind.Drop, FaultKind.Duplicate];

    private static readonly FaultKind[] Holding = [FaultKind.Slice, FaultKind.Throttle, FaultKind.Delay, FaultKind.Stall];

    [Fact]
    public async Task EachClientGetsExactlyWhatTheModelSays()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("ECHO_SEED"), out var given) ? given : Random.Shared.Next();
        output.WriteLine($"ECHO_SEED={seed}");
        var random = new Random(seed);
        var clients = new List<ModelledClient>();
        for (var i = 0; i < Clients; i++)
        {
            clients.Add(new ModelledClient(await ConnectRawAsync()));
        }

        await Host.WaitForAsync(stats => stats.Active == Clients);
        var on = new List<Fault>();
        for (var round = 0; round < Rounds; round++)
        {
            // Between rounds nothing is under way, so that it is known at which byte a fault takes hold and lets go.
            foreach (var over in on.Where(_ => random.Next(3) == 0).ToArray())
            {
                End(over);
                on.Remove(over);
                clients.ForEach(client => client.Alterations.RemoveAll(one => one.Fault == over.Id));
            }

            for (var i = random.Next(1, 4); i > 0; i--)
            {
                var fault = Begin(new FaultSpec(Altering[random.Next(Altering.Length)], Long) { EveryBytes = random.Next(2, 500), Percent = random.Next(20, 101), Seed = random.Next() });
                on.Add(fault);
                clients.ForEach(client => client.Meet(fault, Host.Server.Connections.Live.Single(one => one.RemoteEndPoint.Port == client.Port).Detour?.IsHeldBy(fault.Id) is true));
            }

            var traffic = Task.WhenAll(clients.Select(client => client.ExchangeAsync(new Random(random.Next()))));
            await HoldAndLetGoAsync(random, traffic);
            await traffic;
            // What is dropped no client waits for.
            await Host.WaitForAsync(stats => stats.BytesReceived == clients.Sum(client => client.Sent));
        }

        foreach (var client in clients)
        {
            client.Socket.Shutdown(SocketShutdown.Send);
            (await ReceiveToEndAsync(client.Socket)).Bytes.ShouldBeEmpty();
            client.Socket.Dispose();
        }

        Host.Server.Faults.EndAll();
    }

    /// <summary>Faults that hold back begin and end at any moment, and change nothing of what comes.</summary>
    private async Task HoldAndLetGoAsync(Random random, Task traffic)
    {
        var on = new List<Fault>();
        for (var i = 0; i < 20 && !traffic.IsCompleted; i++)
        {
            if (random.Next(2) == 0 || on.Count == 0)
            {
                on.Add(Begin(new FaultSpec(Holding[random.Next(Holding.Length)], Long)
                {
                    PieceBytes = random.Next(1, 3000),
                    BytesPerSecond = random.Next(500_000, 50_000_000),
                    Delay = TimeSpan.FromMilliseconds(random.Next(10)),
                    Jitter = TimeSpan.FromMilliseconds(random.Next(5)),
                    Percent = random.Next(101),
                    Seed = random.Next(),
                }));
            }
            else
            {
                End(on[^1]);
                on.RemoveAt(on.Count - 1);
            }

            await Host.GetStatsAsync();
        }

        on.ForEach(End);
    }

    /// <summary>A client, and what the faults that have hold of it have it expect.</summary>
    private sealed class ModelledClient(Socket socket)
    {
        public Socket Socket => socket;

        public int Port { get; } = ((System.Net.IPEndPoint)socket.LocalEndPoint!).Port;

        public long Sent { get; private set; }

        /// <summary>In the order in which they came; each with how many bytes have passed it.</summary>
        public List<Alteration> Alterations { get; } = [];

        public void Meet(Fault fault, bool isHeld)
        {
            if (isHeld)
            {
                // Of a kind the first keeps hold, and the second takes none.
                Alterations.ShouldAllBe(one => one.Kind != fault.Kind);
                Alterations.Add(new Alteration(fault.Id, fault.Kind, fault.Spec.EveryBytes));
            }
        }

        /// <summary>Sends random bytes in random pieces, and takes exactly what is to come of them.</summary>
        public async Task ExchangeAsync(Random random)
        {
            var sent = new byte[random.Next(1, 60_000)];
            random.NextBytes(sent);
            Sent += sent.Length;
            var expected = sent;
            foreach (var alteration in Alterations)
            {
                expected = alteration.Apply(expected);
            }

            var sending = SendAsync(sent, random);
            var received = new byte[expected.Length];
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            deadline.CancelAfter(Eventually.Deadline);
            for (var count = 0; count < received.Length;)
            {
                var some = await socket.ReceiveAsync(received.AsMemory(count, Math.Min(received.Length - count, random.Next(1, 5000))), deadline.Token);
                some.ShouldBeGreaterThan(0);
                count += some;
            }

            await sending;
            await EchoClient.LeaveSocketThreadAsync();
            received.AsSpan().SequenceEqual(expected).ShouldBeTrue(string.Join(", ", Alterations));
        }

        private async Task SendAsync(byte[] bytes, Random random)
        {
            var pieces = new Random(random.Next());
            for (var sent = 0; sent < bytes.Length;)
            {
                sent += await socket.SendAsync(bytes.AsMemory(sent, Math.Min(bytes.Length - sent, pieces.Next(1, 4000))), TestContext.Current.CancellationToken);
            }

            await EchoClient.LeaveSocketThreadAsync();
        }
    }

    /// <summary>What one fault does to the bytes of one connection, said as plainly as can be.</summary>
    private sealed class Alteration(long fault, FaultKind kind, long every)
    {
        private long _passed;

        public long Fault => fault;

        public FaultKind Kind => kind;

        public byte[] Apply(byte[] bytes) => [.. bytes.SelectMany(one => ++_passed % every != 0 ? [one] : Alter(one))];

        public override string ToString() => $"{kind} every {every}";

        private byte[] Alter(byte one) => kind switch
        {
            FaultKind.Corrupt => [(byte)~one],
            FaultKind.Drop => [],
            _ => [one, one],
        };
    }
}
