using System.Net;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;
using EchoService.Probe.Measurement;

namespace EchoService.IntegrationTests.Probe;

/// <summary>A name with several addresses.</summary>
public sealed class DialerTests
{
    private static readonly IPAddress A = IPAddress.Parse("10.0.0.1");
    private static readonly IPAddress B = IPAddress.Parse("10.0.0.2");
    private static readonly IPAddress Six = IPAddress.Parse("fd00::1");

    [Fact]
    public void EachConnectBeginsWithTheNextAddressAndFamiliesTakeTurns()
    {
        Dialer.Order([A, B], turn: 0).ShouldBe([A, B]);
        Dialer.Order([A, B], turn: 1).ShouldBe([B, A]);
        Dialer.Order([Six, A, B], turn: 0).ShouldBe([Six, A, B]);
        Dialer.Order([Six, A, B], turn: 1).ShouldBe([Six, B, A]);
        Dialer.Order([A, B], turn: uint.MaxValue).Length.ShouldBe(2);
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task ConnectionsSpreadOverTheAddressesOfAName()
    {
        // Every address of 127/8 is this machine's.
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Any, 0));
        listener.Listen();
        using var connector = ConnectorTo(PortOf(listener), TimeSpan.FromSeconds(20), "127.0.0.1", "127.0.0.2", "127.0.0.3");

        // Where a connect takes so long that the next address has a try too, it may be that one which is reached.
        await Eventually.BecomesAsync(ReachAsync, counts => counts is [2, 2, 2]);

        async Task<int[]> ReachAsync()
        {
            var reached = new List<IPAddress>();
            for (var i = 0; i < 6; i++)
            {
                var (socket, _) = await connector.ConnectAsync(TestContext.Current.CancellationToken);
                reached.Add(((IPEndPoint)socket!.RemoteEndPoint!).Address);
                socket.Dispose();
            }

            return [.. reached.GroupBy(address => address).Select(group => group.Count())];
        }
    }

    [Fact]
    public async Task AddressThatSwallowsPacketsDoesNotUseUpTheTimeOfTheNext()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var dropped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var dialer = new Dialer(async (address, cancel) =>
        {
            if (Equals(address, A))
            {
                using var registration = cancel.Register(() => dropped.TrySetResult());
                await Task.Delay(Timeout.Infinite, cancel);
            }

            var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(listener.LocalEndPoint!, cancel);
            return socket;
        });

        using var socket = await dialer.ConnectAsync([A, B], TestContext.Current.CancellationToken).WaitAsync(ProbeRuns.Unhurried, TestContext.Current.CancellationToken);

        socket.Connected.ShouldBeTrue();
        await dropped.Task.WaitAsync(ProbeRuns.Unhurried, TestContext.Current.CancellationToken);
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task AddressThatRefusesGivesWayAtOnce()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Parse("127.0.0.2"), 0));
        listener.Listen();
        using var connector = ConnectorTo(PortOf(listener), TimeSpan.FromSeconds(20), "127.0.0.1", "127.0.0.2");

        var (socket, failure) = await connector.ConnectAsync(TestContext.Current.CancellationToken);

        failure.ShouldBeNull();
        socket!.Dispose();
    }

    [Fact]
    public async Task NameWithoutAnyAnswerIsUnreachableAndNotAConnectTimeout()
    {
        var silent = new Resolver("silent.example", (_, _) => new TaskCompletionSource<IPAddress[]>().Task);
        using var connector = new Connector(new ProbeTarget("silent.example", 7), TimeSpan.FromMilliseconds(200), new LatencyHistogram(), resolver: silent);

        var (socket, failure) = await connector.ConnectAsync(TestContext.Current.CancellationToken);

        socket.ShouldBeNull();
        failure.ShouldBe(ProbeEventKind.Unreachable);
    }

    [Fact]
    public async Task SilentAnswerForOneFamilyDoesNotHoldUpTheOther()
    {
        var resolver = new Resolver("half.example", (_, family) => family == AddressFamily.InterNetwork
            ? Task.FromResult<IPAddress[]>([A])
            : new TaskCompletionSource<IPAddress[]>().Task);

        var found = await resolver.ResolveAsync(TestContext.Current.CancellationToken).WaitAsync(ProbeRuns.Unhurried, TestContext.Current.CancellationToken);

        found.ShouldBe([A]);
    }

    [Fact]
    public async Task NameIsLookedUpOnceForAllWhoWaitForIt()
    {
        var lookUps = 0;
        var answer = new TaskCompletionSource<IPAddress[]>(TaskCreationOptions.RunContinuationsAsynchronously);
        var resolver = new Resolver("slow.example", (_, _) =>
        {
            Interlocked.Increment(ref lookUps);
            return answer.Task;
        });

        var waiting = Enumerable.Range(0, 100).Select(_ => resolver.ResolveAsync(TestContext.Current.CancellationToken)).ToArray();
        answer.SetResult([A]);
        await Task.WhenAll(waiting).WaitAsync(ProbeRuns.Unhurried, TestContext.Current.CancellationToken);

        lookUps.ShouldBe(2, "one a family");
    }

    private static Connector ConnectorTo(int port, TimeSpan timeout, params string[] addresses)
    {
        var resolver = new Resolver("several.example", (_, family) => Task.FromResult<IPAddress[]>(
            family == AddressFamily.InterNetwork ? [.. addresses.Select(IPAddress.Parse)] : []));
        return new Connector(new ProbeTarget("several.example", port), timeout, new LatencyHistogram(), resolver: resolver);
    }

    private static int PortOf(Socket socket) => ((IPEndPoint)socket.LocalEndPoint!).Port;
}
