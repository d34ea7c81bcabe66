using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Lifecycle;

/// <summary>What a rollout looks like from outside: two instances behind HAProxy, replaced one after the other under load.</summary>
[Needs(Need.Haproxy)]
[Needs(Need.Signals)]
public sealed class RollingReplacementTests(ITestOutputHelper output)
{
    private const int Clients = 50;

    [Fact]
    public async Task ReplacesBothInstancesWithoutAResetOrALostMessage()
    {
        await using var a = new Place();
        await using var b = new Place();
        Place[] places = [a, b];
        foreach (var place in places)
        {
            await place.StartAsync();
        }


        await using var balancer = await Haproxy.StartAsync($"""
            balance roundrobin
            option httpchk GET /readyz
            default-server check inter 100ms fall 1 rise 1
            server a {a.Echo} port {a.Management.Port}
            server b {b.Echo} port {b.Management.Port}
            """);
        using var stop = new CancellationTokenSource();
        var clients = Enumerable.Range(0, Clients).Select(id => new ReconnectingClient(id, balancer.EndPoint)).ToArray();
        var running = clients.Select(client => client.RunAsync(stop.Token)).ToArray();
        await Eventually.TrueAsync(() => clients.All(client => client.Answered > 10));

        foreach (var place in places)
        {
            await place.EndAsync();
            await place.StartAsync();
            // The other one must not go before the balancer has taken this one back, which new clients' arrival shows.
            using var management = place.Instance!.OpenManagement();
            await Eventually.TrueAsync(async () =>
            {
                using var through = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                await through.ConnectAsync(balancer.EndPoint, TestContext.Current.CancellationToken);
                var stats = await management.GetStringAsync("/stats", TestContext.Current.CancellationToken);
                return !stats.Contains("\"accepted\":0", StringComparison.Ordinal);
            });
        }

        var answered = clients.Sum(client => client.Answered);
        await Eventually.TrueAsync(() => clients.Sum(client => client.Answered) > answered + (Clients * 10));
        await stop.CancelAsync();
        await Task.WhenAll(running);

        output.WriteLine(
            $"{clients.Sum(client => client.Answered)} messages answered, {clients.Sum(client => client.Connections)} connections, "
            + $"{clients.Sum(client => client.Repeated)} messages repeated after a FIN, longest pause {clients.Max(client => client.LongestPause).TotalMilliseconds:F0} ms");
        clients.SelectMany(client => client.Faults).ShouldBeEmpty();
        // Everybody was moved at least once, so the replacement really passed under them.
        clients.ShouldAllBe(client => client.Connections >= 2);
        foreach (var place in places)
        {
            await place.EndAsync();
        }
    }

    /// <summary>Where an instance listens, before and after its replacement. It ends with the test.</summary>
    private sealed class Place : IAsyncDisposable
    {
        public IPEndPoint Echo { get; } = new(IPAddress.Loopback, FreePort.Take());

        public IPEndPoint Management { get; } = new(IPAddress.Loopback, FreePort.Take());

        public EchoProcess? Instance { get; private set; }

        public async Task StartAsync() => Instance = await EchoProcess.StartAsync(
            $"Echo:Address={Echo.Address}", $"Echo:Port={Echo.Port}", $"urls=http://{Management}",
            "Drain:ReadinessDelay=00:00:02", "Drain:Spread=00:00:02", "Drain:Timeout=00:00:20");

        /// <summary>Has it drain and end.</summary>
        public async Task EndAsync()
        {
            Instance!.Signal(PosixSignal.SIGTERM);
            (await Instance.WaitForExitAsync()).ShouldBe(0);
            await DisposeAsync();
        }

        public async ValueTask DisposeAsync()
        {
            if (Instance is { } instance)
            {
                Instance = null;
                await instance.DisposeAsync();
            }
        }
    }

    /// <summary>
    /// Sends numbered messages one by one and waits for each echo. Told to leave by FIN, it connects again and repeats
    /// the message that was not answered.
    /// </summary>
    private sealed class ReconnectingClient(int id, IPEndPoint endPoint)
    {
        private long _answered;

        public long Answered => Volatile.Read(ref _answered);

        public int Connections { get; private set; }

        public int Repeated { get; private set; }

        public TimeSpan LongestPause { get; private set; }

        /// <summary>What must not happen: resets, refused connects, wrong bytes.</summary>
        public ConcurrentQueue<string> Faults { get; } = new();

        public async Task RunAsync(CancellationToken cancellationToken)
        {
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            var lastAnswer = Stopwatch.GetTimestamp();
            while (!cancellationToken.IsCancellationRequested)
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                try
                {
                    await socket.ConnectAsync(endPoint, CancellationToken.None);
                    Connections++;
                    while (!cancellationToken.IsCancellationRequested && await ExchangeAsync(socket, Message(Answered)))
                    {
                        Volatile.Write(ref _answered, Answered + 1);
                        var pause = Stopwatch.GetElapsedTime(lastAnswer);
                        LongestPause = pause > LongestPause ? pause : LongestPause;
                        lastAnswer = Stopwatch.GetTimestamp();
                    }
                }
                catch (Exception exception) when (exception is SocketException or OperationCanceledException)
                {
                    Faults.Enqueue($"client {id}, connection {Connections}, message {Answered}: {exception.Message}");
                    return;
                }
            }
        }

        /// <summary>True: answered, every byte right. False: FIN came first.</summary>
        private async Task<bool> ExchangeAsync(Socket socket, byte[] message)
        {
            using var deadline = new CancellationTokenSource(Eventually.Deadline);
            await socket.SendAsync(message, deadline.Token);
            var echo = new byte[message.Length];
            var count = 0;
            while (count < echo.Length)
            {
                var received = await socket.ReceiveAsync(echo.AsMemory(count), deadline.Token);
                count += received;
                if (!message.AsSpan(0, count).SequenceEqual(echo.AsSpan(0, count)))
                {
                    Faults.Enqueue($"client {id}: the echo of message {Answered} is not a prefix of it");
                }

                if (received == 0)
                {
                    Repeated++;
                    return false;
                }
            }

            return true;
        }

        private byte[] Message(long number)
        {
            var message = new byte[16 + (number % 2000)];
            BinaryPrimitives.WriteInt64LittleEndian(message, number);
            BinaryPrimitives.WriteInt32LittleEndian(message.AsSpan(8), id);
            message.AsSpan(12).Fill((byte)(number * 31));
            return message;
        }
    }
}
