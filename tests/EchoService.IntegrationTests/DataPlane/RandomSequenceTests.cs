using System.Globalization;
using EchoService.IntegrationTests.Infrastructure;
using FsCheck;
using FsCheck.Fluent;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>
/// Random sequences of what clients and operators do to a service. Whatever the order, every client gets an exact
/// prefix of what it sent, one that was left alone gets all of it, and the counts add up.
/// </summary>
/// <remarks>A failure prints the shortest sequence found and the seed; <c>ECHO_SEED=seed</c> runs the same again.</remarks>
public sealed class RandomSequenceTests(ITestOutputHelper output) : ServiceTests
{
    private const int Sequences = 150;

    private enum Kind
    {
        Connect,
        Send,
        HalfClose,
        Reset,
        KillGracefully,
        KillByReset,
    }

    [Fact]
    public async Task KeepEveryInvariant()
    {
        BytesAreCut = true;
        var host = await StartAsync();
        var seed = Environment.GetEnvironmentVariable("ECHO_SEED") is { Length: > 0 } given
            ? ulong.Parse(given, CultureInfo.InvariantCulture)
            : (ulong)Random.Shared.NextInt64();
        output.WriteLine($"ECHO_SEED={seed}");

        var step =
            from kind in Gen.Frequency(
                (4, Gen.Constant(Kind.Connect)),
                (8, Gen.Constant(Kind.Send)),
                (2, Gen.Constant(Kind.HalfClose)),
                (2, Gen.Constant(Kind.Reset)),
                (1, Gen.Constant(Kind.KillGracefully)),
                (1, Gen.Constant(Kind.KillByReset)))
            from client in Gen.Choose(0, 99)
            from size in Gen.Frequency((6, Gen.Choose(1, 3000)), (2, Gen.Choose(1, 200_000)), (1, Gen.Constant(1024)))
            select new Step(kind, client, size);
        var sequences = Arb.From(Gen.Choose(1, 40).SelectMany(length => step.ArrayOf(length)), Shrink);
        var property = Prop.ForAll(sequences, steps => RunAsync(host, steps).GetAwaiter().GetResult());
        var config = Config.QuickThrowOnFailure.WithMaxTest(Sequences).WithReplay(seed, Gamma);

        // The property blocks, so it gets a thread of its own.
        await Task.Factory.StartNew(
            () => Check.One(config, property), TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>The second half of FsCheck's seed; it must be odd, and one is enough to vary.</summary>
    private const ulong Gamma = 9_555_055_207_069_093_661;

    private static IEnumerable<Step[]> Shrink(Step[] steps)
    {
        for (var length = steps.Length / 2; length >= 1; length /= 2)
        {
            for (var start = 0; start + length <= steps.Length; start += length)
            {
                yield return [.. steps[..start], .. steps[(start + length)..]];
            }
        }
    }

    private static async Task RunAsync(EchoHost host, Step[] steps)
    {
        var before = await host.GetStatsAsync();
        var clients = new List<Client>();
        try
        {
            foreach (var step in steps)
            {
                await DoAsync(host, clients, step);
            }

            foreach (var client in clients)
            {
                await client.FinishAsync();
            }
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }

        var after = await host.WaitForAsync(stats => stats is { Active: 0, EventArgsInUse: 0, BufferBytesInUse: 0 } && stats.Accepted == stats.ClosedTotal);
        (after.Accepted - before.Accepted).ShouldBe(clients.Count);
        (after.Closed["error"] - before.Closed["error"]).ShouldBe(0);
        var cut = clients.Exists(client => client.IsCut);
        (after.BytesUnsent - before.BytesUnsent).ShouldBeInRange(0, cut ? long.MaxValue : 0);
        (after.BytesReceived - before.BytesReceived).ShouldBeLessThanOrEqualTo(clients.Sum(client => client.Sent));
        (after.BytesSent - before.BytesSent).ShouldBeGreaterThanOrEqualTo(clients.Sum(client => client.Received));
    }

    private static async Task DoAsync(EchoHost host, List<Client> clients, Step step)
    {
        if (step.Kind == Kind.Connect)
        {
            clients.Add(await Client.ConnectAsync(host, clients.Count));
            return;
        }

        if (clients.Count == 0)
        {
            return;
        }

        var client = clients[step.Client % clients.Count];
        switch (step.Kind)
        {
            case Kind.Send:
                await client.SendAsync(step.Size);
                break;
            case Kind.HalfClose:
                client.HalfClose();
                break;
            case Kind.Reset:
                client.Reset();
                break;
            case Kind.KillGracefully:
                client.Kill(reset: false);
                break;
            default:
                client.Kill(reset: true);
                break;
        }
    }

    private readonly record struct Step(Kind Kind, int Client, int Size);

    /// <summary>One client and what is to be expected of its stream by now.</summary>
    private sealed class Client : IDisposable
    {
        private readonly EchoClient _client;
        private readonly Transport.Connections.EchoConnection _connection;
        private readonly Task<StreamEnd> _receiving;
        private bool _halfClosed;
        private bool _reset;
        private bool _killed;
        private bool _killedByReset;

        private Client(EchoClient client, Transport.Connections.EchoConnection connection)
        {
            _client = client;
            _connection = connection;
            _receiving = client.ReceiveToEndAsync();
        }

        public long Sent => _client.Sent;

        public long Received => _client.Received;

        /// <summary>Whether bytes that the service had read may never have been sent back.</summary>
        public bool IsCut => _reset || _killedByReset;

        public static async Task<Client> ConnectAsync(EchoHost host, int seed)
        {
            var accepted = (await host.GetStatsAsync()).Accepted;
            var client = await host.ConnectAsync(seed);
            await host.WaitForAsync(stats => stats.Accepted > accepted);
            var remote = (System.Net.IPEndPoint)client.Socket.LocalEndPoint!;
            var connection = await Eventually.BecomesAsync(
                () => Task.FromResult(host.Server.Connections.Live.SingleOrDefault(connection => connection.PeerEndPoint.Port == remote.Port)),
                connection => connection is not null);
            return new Client(client, connection!);
        }

        public async Task SendAsync(int size)
        {
            if (_halfClosed || _reset)
            {
                return;
            }

            try
            {
                await _client.SendAsync(size);
            }
            catch (System.Net.Sockets.SocketException) when (_killedByReset)
            {
                // As it should be.
            }
        }

        public void HalfClose()
        {
            if (!_halfClosed && !_reset && !_killedByReset)
            {
                _halfClosed = true;
                _client.ShutdownSend();
            }
        }

        public void Reset()
        {
            if (!_reset)
            {
                _reset = true;
                _client.Reset();
            }
        }

        public void Kill(bool reset)
        {
            if (reset)
            {
                _killedByReset |= _connection.Abort(Transport.Connections.CloseReason.Admin);
            }
            else
            {
                _killed |= _connection.Close(Transport.Connections.CloseReason.Admin);
            }
        }

        public async Task FinishAsync()
        {
            HalfClose();
            StreamEnd end;
            try
            {
                end = await _receiving;
            }
            catch (Exception exception) when (_reset && exception is System.Net.Sockets.SocketException or ObjectDisposedException)
            {
                return;
            }

            if (_reset || _killedByReset)
            {
                return;
            }

            end.ShouldBe(StreamEnd.Fin);
            if (!_killed)
            {
                Received.ShouldBe(Sent);
            }
        }

        public void Dispose() => _client.Dispose();
    }
}
