using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.IntegrationTests.Lifecycle;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Fairness;
using EchoService.Transport.Udp;
using Microsoft.Extensions.Logging.Abstractions;

namespace EchoService.IntegrationTests.Udp;

/// <summary>Datagrams over real sockets: what is answered, what is not, and what keeps on working.</summary>
public sealed class UdpEchoTests : ServiceTests
{
    private const int MaxOverIPv4 = 65_507;

    [Theory]
    [InlineData("127.0.0.1", 0)]
    [InlineData("127.0.0.1", 1)]
    [InlineData("127.0.0.1", 1472)]
    [InlineData("127.0.0.1", MaxOverIPv4)]
    [InlineData("::1", 0)]
    [InlineData("::1", 1)]
    [InlineData("::1", MaxOverIPv4)]
    [InlineData("::1", UdpEchoServer.MaxDatagramLength)]
    public async Task EchoesADatagramOfAnySize(string address, int size)
    {
        var host = await StartWithUdpAsync();
        using var client = new DatagramClient(EndPointOf(host, address));
        await client.EchoAsync(size);
        await client.EchoAsync(100);
        await client.EchoAsync(size);
        await ShouldHaveCountedAsync(host, received: 3, sent: 3);
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task AnswersFromTheAddressThatWasAsked()
    {
        var host = await StartWithUdpAsync();
        string[] addresses = ["127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"];
        // Twice each: the first one opens the address's socket, the next one arrives there.
        foreach (var address in addresses.Concat(addresses))
        {
            using var client = new DatagramClient(EndPointOf(host, address));
            await client.EchoAsync(100);
            await client.EchoAsync(100);
        }

        await ShouldHaveCountedAsync(host, received: 16, sent: 16);
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task AnswersAllAndInTheOrderInWhichItWasAsked(string address)
    {
        const int Burst = 200;
        var host = await StartWithUdpAsync();
        using var client = new DatagramClient(EndPointOf(host, address));
        // The first ones arrive on the wildcard's socket, the others on the one that is opened for the address.
        for (byte i = 0; i < Burst; i++)
        {
            client.Send([i]);
        }

        for (byte i = 0; i < Burst; i++)
        {
            (await client.ReceiveAsync()).ShouldBe([i]);
        }

        await ShouldHaveCountedAsync(host, received: Burst, sent: Burst);
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task AnswersOnTheOneAddressThatItIsBoundTo()
    {
        var host = await StartWithUdpAsync("Echo:Address=127.0.0.1");
        using var client = new DatagramClient(EndPointOf(host, "127.0.0.1"));
        await client.EchoAsync(100);
        using var elsewhere = new DatagramClient(EndPointOf(host, "127.0.0.2"));
        elsewhere.Send([1]);
        (await Should.ThrowAsync<SocketException>(elsewhere.ReceiveAsync)).SocketErrorCode.ShouldBe(DatagramClient.Refusal);
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task ServesSeveralSocketsAtOnce()
    {
        const int Rounds = 200;
        var host = await StartWithUdpAsync();
        string[] addresses = ["127.0.0.1", "127.0.0.2", "::1", "::1"];
        var clients = addresses.Select(address => new DatagramClient(EndPointOf(host, address))).ToArray();
        await Task.WhenAll(clients.Select(TalkAsync));
        await ShouldHaveCountedAsync(host, received: clients.Length * Rounds, sent: clients.Length * Rounds);

        static async Task TalkAsync(DatagramClient client)
        {
            using (client)
            {
                for (var round = 0; round < Rounds; round++)
                {
                    await client.EchoAsync(round * 7);
                }
            }
        }
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task AnswersEachSourceNoMoreOftenThanItsRate()
    {
        const int Rate = 10;
        await using var harness = NewHarness(new UdpOptions { Enabled = true, RatePerSource = Rate });
        using var greedy = new DatagramClient(harness.Server.EndPoint!);
        await SendAsync(greedy, 3 * Rate);
        await ShouldHaveCountedAsync(harness.Server, received: 3 * Rate, sent: Rate, (UdpDropReason.Rate, 2 * Rate));
        for (var i = 0; i < Rate; i++)
        {
            (await greedy.ReceiveAsync()).ShouldBe([(byte)i]);
        }

        greedy.ShouldHaveNothing();
        using var other = new DatagramClient(harness.Server.EndPoint!, new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        await other.EchoAsync(100);

        // By address, not by port.
        using var again = new DatagramClient(harness.Server.EndPoint!);
        await SendAsync(again, 1);
        await ShouldHaveCountedAsync(harness.Server, received: (3 * Rate) + 2, sent: Rate + 1, (UdpDropReason.Rate, (2 * Rate) + 1));
        harness.Time.Advance(TimeSpan.FromSeconds(1));
        await again.EchoAsync(100);

        async Task SendAsync(DatagramClient client, int count)
        {
            for (var i = 0; i < count; i++)
            {
                var received = harness.Server.UdpCounters.Received;
                client.Send([(byte)i]);
                await Eventually.TrueAsync(() => harness.Server.UdpCounters.Received > received);
            }
        }
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task DoesNotAnswerPortsThatServersAnswerOn()
    {
        // Not on all addresses, so that there is one left with the same port.
        var host = await StartWithUdpAsync("Echo:Address=127.0.0.1");
        // Our own port: another instance would answer our answer, and so on for ever.
        using var sibling = new DatagramClient(EndPointOf(host, "127.0.0.1"), EndPointOf(host, "127.0.0.2"));
        sibling.Send([1]);
        await ShouldHaveCountedAsync(host, received: 1, sent: 0, (UdpDropReason.ReservedPort, 1));
        sibling.ShouldHaveNothing();

        using var system = TryBindLow(EndPointOf(host, "127.0.0.1"));
        Assert.SkipWhen(system is null, "not allowed to bind a port below 1024");
        system.Send([1]);
        await ShouldHaveCountedAsync(host, received: 2, sent: 0, (UdpDropReason.ReservedPort, 2));
        system.ShouldHaveNothing();
    }

    [Fact]
    public async Task DoesNotAnswerBroadcasts()
    {
        var host = await StartWithUdpAsync();
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { EnableBroadcast = true };
        foreach (var _ in (int[])[1, 2])
        {
            client.SendTo([1], EndPointOf(host, "127.255.255.255"));
        }

        await ShouldHaveCountedAsync(host, received: 2, sent: 0, (UdpDropReason.NotUnicast, 2));
        client.Poll(TimeSpan.Zero, SelectMode.SelectRead).ShouldBeFalse();
    }

    [Fact]
    [Needs(Need.Linux)]
    public async Task TheLocalAddressThatWasNotUsedForLongestMakesRoomForANewOne()
    {
        const int Addresses = 70;
        const int Bound = 64;
        var host = await StartWithUdpAsync();
        using var first = new DatagramClient(EndPointOf(host, "127.0.1.1"));
        for (var i = 1; i <= Addresses; i++)
        {
            using var client = new DatagramClient(EndPointOf(host, $"127.0.1.{i}"));
            await client.EchoAsync(100);
            // Always the last but one, so that it keeps its socket.
            await first.EchoAsync(100);
        }

        BoundAddresses().Length.ShouldBe(Bound + 1);
        BoundAddresses().ShouldContain(HexOf(1));
        BoundAddresses().ShouldNotContain(HexOf(2));

        using var second = new DatagramClient(EndPointOf(host, "127.0.1.2"));
        await second.EchoAsync(100);
        BoundAddresses().Length.ShouldBe(Bound + 1);
        BoundAddresses().ShouldContain(HexOf(2));
        await ShouldHaveCountedAsync(host, received: (2 * Addresses) + 1, sent: (2 * Addresses) + 1);

        // 127.0.1.x, mapped, in words of the machine's byte order.
        static string HexOf(int last) => $"0000000000000000FFFF0000{last:X2}01007F";

        string[] BoundAddresses() =>
        [
            .. File.ReadLines("/proc/net/udp6")
                .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1].Split(':'))
                .Where(local => local[^1] == host.EndPoint.Port.ToString("X4", CultureInfo.InvariantCulture))
                .Select(local => local[0]),
        ];
    }

    [Fact]
    public async Task AFloodOfDatagramsDoesNotKeepTheThreadThatMetIt()
    {
        var options = new UdpOptions { RatePerSource = 1 };
        await using var harness = NewHarness(options);
        using var turnstiles = new Turnstiles(static () => new Bell());
        var context = new UdpContext { Options = options, Counters = harness.Server.UdpCounters, Faults = harness.Server.Faults, Turnstiles = turnstiles, TimeProvider = harness.Time, Logger = NullLogger.Instance };
        var udp = UdpEchoServer.Bind(context, harness.Server.EndPoint!);
        using var flood = new DatagramClient(harness.Server.EndPoint!);
        // Whoever deals with a datagram asks for the time, and finds the next one there when done.
        harness.Time.OnTimestamp = () => flood.Socket.Send([1]);
        try
        {
            for (var i = 0; i < 16; i++)
            {
                flood.Send([1]);
            }

            // They are there already, so the first receives complete on this thread, as they would on a socket thread.
            await Task.Factory.StartNew(udp.Start, TaskCreationOptions.LongRunning).WaitAsync(Eventually.Deadline, TestContext.Current.CancellationToken);
            await Eventually.TrueAsync(() => harness.Server.UdpCounters.Received > 1000);
        }
        finally
        {
            harness.Time.OnTimestamp = null;
            udp.Close();
        }
    }

    [Fact]
    public async Task AFloodOfDatagramsHoldsUpNoConnection()
    {
        await using var harness = NewHarness(new UdpOptions { Enabled = true, RatePerSource = 1 });
        using var flood = new DatagramClient(harness.Server.EndPoint!);
        // Whoever deals with a datagram asks for the time, and finds the next one there when done.
        harness.Time.OnTimestamp = () => flood.Socket.Send([1]);
        try
        {
            flood.Send([1]);
            await Eventually.TrueAsync(() => harness.Server.UdpCounters.Received > 1000);
            // The socket threads get the connections in turn, that of the flood among them.
            for (var i = 0; i < 2 * Environment.ProcessorCount; i++)
            {
                await harness.EchoAsync(await harness.ConnectAsync());
            }
        }
        finally
        {
            harness.Time.OnTimestamp = null;
        }
    }

    [Theory]
    [Needs(Need.Linux)]
    [InlineData("127.0.0.1")]
    [InlineData("::1")]
    public async Task CountsASourceOnceWhicheverSocketItsDatagramsComeOn(string address)
    {
        const int Rate = 10;
        await using var harness = new LifecycleHarness(new EchoOptions { Udp = new UdpOptions { Enabled = true, RatePerSource = Rate } }, address: IPAddress.IPv6Any);
        // The first one arrives on the wildcard's socket, the others on that of the address.
        using var client = new DatagramClient(new IPEndPoint(IPAddress.Parse(address), harness.Server.EndPoint!.Port));
        for (var i = 0; i < 2 * Rate; i++)
        {
            client.Send([(byte)i]);
            await Eventually.TrueAsync(() => harness.Server.UdpCounters.Received == i + 1);
        }

        await ShouldHaveCountedAsync(harness.Server, received: 2 * Rate, sent: Rate, (UdpDropReason.Rate, Rate));
    }

    [Fact]
    public async Task GoesOnAfterClientsThatDoNotWaitForTheirReply()
    {
        const int Gone = 100;
        var host = await StartWithUdpAsync();
        for (var i = 0; i < Gone; i++)
        {
            // The reply finds its port closed, and the kernel tells the service so.
            using var client = new DatagramClient(EndPointOf(host, "127.0.0.1"));
            client.Send([1]);
        }

        await Eventually.TrueAsync(() => host.Server.UdpCounters.Received == Gone);
        using var patient = new DatagramClient(EndPointOf(host, "127.0.0.1"));
        await patient.EchoAsync(100);
    }

    [Fact]
    public async Task IsDrainedWithTheRestAndComesBackOnTheSamePort()
    {
        await using var harness = NewHarness(new UdpOptions { Enabled = true });
        var endPoint = harness.Server.EndPoint!;
        using var client = new DatagramClient(endPoint);
        await client.EchoAsync(100);
        // Holds the drain open.
        await harness.ConnectAsync();

        harness.Lifecycle.BeginDrain(new DrainRequest(ReadinessDelay: TimeSpan.FromSeconds(5), Spread: TimeSpan.FromSeconds(-1)), DrainTrigger.Api);
        await client.EchoAsync(100);
        harness.Time.Advance(TimeSpan.FromSeconds(5));
        harness.Lifecycle.Phase.ShouldBe(ServicePhase.Draining);
        await Eventually.TrueAsync(() => IsRefused(client));

        await CancelDrainAsync(harness);
        harness.Server.EndPoint.ShouldBe(endPoint);
        await client.EchoAsync(100);
    }

    [Fact]
    public async Task StaysDrainedAsLongAsThePortIsTakenForUdp()
    {
        await using var harness = NewHarness(new UdpOptions { Enabled = true });
        harness.Lifecycle.BeginDrain(new DrainRequest(ReadinessDelay: TimeSpan.Zero), DrainTrigger.Api);
        using (var thief = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
        {
            thief.Bind(harness.Server.EndPoint!);
            Should.Throw<SocketException>(() => harness.Lifecycle.CancelDrain()).SocketErrorCode.ShouldBe(SocketError.AddressAlreadyInUse);
            harness.Server.IsListening.ShouldBeFalse();
        }

        await CancelDrainAsync(harness);
        using var client = new DatagramClient(harness.Server.EndPoint!);
        await client.EchoAsync(100);
        await harness.EchoAsync(await harness.ConnectAsync());
    }

    [Fact]
    [Needs(Need.Linux)]
    public async Task ThePortStaysTakenForOthers()
    {
        var host = await StartWithUdpAsync();
        using var client = new DatagramClient(EndPointOf(host, "127.0.0.1"));
        await client.EchoAsync(1);
        foreach (var address in (string[])["127.0.0.1", "127.0.0.2"])
        {
            using var thief = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            thief.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            Should.Throw<SocketException>(() => thief.Bind(EndPointOf(host, address))).SocketErrorCode.ShouldBe(SocketError.AddressAlreadyInUse);
        }
    }

    [Fact]
    public async Task IsOffByDefault()
    {
        var host = await StartAsync();
        using var client = new DatagramClient(EndPointOf(host, "127.0.0.1"));
        client.Send([1]);
        (await Should.ThrowAsync<SocketException>(client.ReceiveAsync)).SocketErrorCode.ShouldBe(DatagramClient.Refusal);
        (await ReadStatsAsync(host)).GetProperty("listeners").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task IsListedAndCounted()
    {
        var host = await StartWithUdpAsync("Echo:Udp:RatePerSource=2");
        var metrics = await ReadMetricsAsync(host);
        metrics.ShouldContain("echo_udp_datagrams_total{direction=\"received\"} 0\n");
        metrics.ShouldContain("echo_udp_datagrams_total{direction=\"sent\"} 0\n");
        foreach (var reason in (string[])["rate", "reserved_port", "not_unicast", "resource", "send"])
        {
            metrics.ShouldContain($"echo_udp_dropped_total{{reason=\"{reason}\"}} 0\n");
        }

        // Two at once and one every half second; what is too many goes by the clock, so it is not counted here.
        using var client = new DatagramClient(EndPointOf(host, "127.0.0.1"));
        await Eventually.TrueAsync(() =>
        {
            client.Send([1, 2, 3]);
            return host.Server.UdpCounters.Dropped(UdpDropReason.Rate) > 0;
        });

        var counters = host.Server.UdpCounters;
        await Eventually.TrueAsync(() => counters.Received == counters.Sent + counters.Dropped(UdpDropReason.Rate) && counters.Sent >= 2);
        var stats = await Eventually.BecomesAsync(() => ReadStatsAsync(host), stats => stats.GetProperty("udp").GetProperty("received").GetInt64() == counters.Received);
        stats.GetProperty("udp").GetProperty("sent").GetInt64().ShouldBe(counters.Sent);
        stats.GetProperty("udp").GetProperty("dropped").GetInt64().ShouldBe(counters.Dropped(UdpDropReason.Rate));
        var listener = stats.GetProperty("listeners")[1];
        listener.GetProperty("protocol").GetString().ShouldBe("udp");
        listener.GetProperty("endpoint").GetString().ShouldBe($"[::]:{host.EndPoint.Port}");
        listener.GetProperty("state").GetString().ShouldBe("listening");
        metrics = await ReadMetricsAsync(host);
        metrics.ShouldContain($"echo_udp_datagrams_total{{direction=\"received\"}} {counters.Received}\n");
        metrics.ShouldContain($"echo_udp_dropped_total{{reason=\"rate\"}} {counters.Dropped(UdpDropReason.Rate)}\n");
    }

    private static LifecycleHarness NewHarness(UdpOptions udp) => new(new EchoOptions { Udp = udp });

    private static IPEndPoint EndPointOf(EchoHost host, string address) => new(IPAddress.Parse(address), host.EndPoint.Port);

    private static Task ShouldHaveCountedAsync(EchoHost host, long received, long sent, params (UdpDropReason Reason, long Count)[] dropped) =>
        ShouldHaveCountedAsync(host.Server, received, sent, dropped);

    private static async Task ShouldHaveCountedAsync(EchoServer server, long received, long sent, params (UdpDropReason Reason, long Count)[] dropped)
    {
        var counters = server.UdpCounters;
        await Eventually.TrueAsync(() => counters.Received == received && counters.Sent == sent);
        foreach (var reason in Enum.GetValues<UdpDropReason>())
        {
            await Eventually.TrueAsync(() => counters.Dropped(reason) == dropped.Where(drop => drop.Reason == reason).Sum(drop => drop.Count));
        }
    }

    private static DatagramClient? TryBindLow(IPEndPoint server)
    {
        for (var port = 1023; port > 900; port--)
        {
            try
            {
                return new DatagramClient(server, new IPEndPoint(IPAddress.Loopback, port));
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // The next one, then.
            }
            catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AccessDenied)
            {
                return null;
            }
        }

        return null;
    }

    private static async Task<JsonElement> ReadStatsAsync(EchoHost host)
    {
        using var http = new HttpClient { BaseAddress = host.ManagementUri };
        var stats = await http.GetFromJsonAsync<JsonElement>("/stats", TestContext.Current.CancellationToken);
        await LeaveSocketThreadAsync();
        return stats;
    }

    private static async Task<string> ReadMetricsAsync(EchoHost host)
    {
        using var http = new HttpClient { BaseAddress = host.ManagementUri };
        var metrics = await http.GetStringAsync("/metrics", TestContext.Current.CancellationToken);
        await LeaveSocketThreadAsync();
        return metrics;
    }

    private static async Task LeaveSocketThreadAsync() => await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);

    /// <summary>Whether what it sent before has been refused.</summary>
    private static bool IsRefused(DatagramClient client)
    {
        client.Socket.Send([1], SocketFlags.None, out var error);
        return error == DatagramClient.Refusal;
    }

    /// <summary>
    /// Takes the drain back once the port is to be had: for a moment a process that another test is just starting has a
    /// copy of every socket, and of one for datagrams that cannot be helped.
    /// </summary>
    private static Task CancelDrainAsync(LifecycleHarness harness) => Eventually.TrueAsync(() =>
    {
        try
        {
            harness.Lifecycle.CancelDrain();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    });

    private async Task<EchoHost> StartWithUdpAsync(params string[] settings) => await StartAsync(["Echo:Udp:Enabled=true", .. settings]);
}
