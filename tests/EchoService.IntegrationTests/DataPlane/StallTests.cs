using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.IntegrationTests.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Accepting;
using EchoService.Transport.Buffers;
using EchoService.Transport.Connections;
using EchoService.Transport.Fairness;
using EchoService.Transport.Faults;
using EchoService.Transport.ProxyProtocol;
using EchoService.Transport.Timing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

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

    [Theory]
    [Needs(Need.Linux)]
    [InlineData(false)]
    [InlineData(true)]
    public void BytesThatTheLoopHasJustTakenAreNotLate(bool header)
    {
        var (client, socket) = Pair();
        using (client)
        {
            var connection = new LoopThatStandsStill(NewContext(header), socket);
            connection.CheckTimeouts(0);
            client.Send(new byte[3]);
            Receive(socket).ShouldBe(3);

            connection.CheckTimeouts(100_000);
            connection.State.ShouldBe(ConnectionState.Open);

            // Once they are counted, time goes on.
            connection.Count(3);
            connection.CheckTimeouts(100_001);
            connection.CheckTimeouts(200_001);
            connection.CloseReason.ShouldBe(header ? CloseReason.ProxyHeader : CloseReason.IdleTimeout);
            connection.Abort(CloseReason.Admin);
        }
    }

    [Fact]
    [Needs(Need.Linux)]
    public async Task AnswerToOurFinThatTheLoopHasNotReadYetIsNotLate()
    {
        var (client, socket) = Pair();
        using (client)
        {
            var connection = new LoopThatStandsStill(NewContext(header: false), socket);
            connection.Close(CloseReason.Admin);
            await Eventually.TrueAsync(() => TcpInfo.TryRead(socket, out var info) && info.IsFinAcknowledged);
            connection.CheckTimeouts(0);
            client.Send(new byte[3]);
            client.Shutdown(SocketShutdown.Send);

            connection.CheckTimeouts(100_000);
            connection.State.ShouldBe(ConnectionState.Closing);

            // It goes on sending for ever.
            connection.Count(3);
            connection.CheckTimeouts(100_001);
            connection.CloseOutcome.ShouldBe(CloseOutcome.CutByService);
        }
    }

    [Fact]
    [Needs(Need.Linux)]
    public async Task WhoSendsToAProcessThatStandsStillIsNotIdle()
    {
        var idle = TimeSpan.FromSeconds(2);
        await using var service = await EchoProcess.StartAsync($"Echo:IdleTimeout={idle}");
        await service.UseOneProcessorAsync();
        var clients = await Task.WhenAll(Enumerable.Range(0, 300).Select(seed => service.Target.ConnectAsync(seed)));
        await Task.WhenAll(clients.Select(client => client.EchoAsync(1)));

        service.Suspend();
        var since = Stopwatch.GetTimestamp();
        var (active, silent) = (clients[..200], clients[200..]);
        await Task.WhenAll(active.Select(client => client.SendAsync(100)));
        await Eventually.TrueAsync(() => Stopwatch.GetElapsedTime(since) > idle);
        service.Resume();

        await Task.WhenAll(active.Select(client => client.ReceiveAsync(100)));
        (await Task.WhenAll(silent.Select(client => client.ReceiveToEndAsync()))).ShouldAllBe(end => end == StreamEnd.Fin);
        foreach (var client in clients)
        {
            client.Dispose();
        }
    }

    private static (Socket Client, Socket Accepted) Pair()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = (int)Eventually.Deadline.TotalMilliseconds };
        client.Connect(listener.LocalEndPoint!);
        var accepted = listener.Accept();
        accepted.ReceiveTimeout = client.ReceiveTimeout;
        return (client, accepted);
    }

    private static int Receive(Socket socket) => socket.Receive(new byte[100]);

    private static ConnectionContext NewContext(bool header)
    {
        var time = new FakeTimeProvider();
        return new ConnectionContext
        {
            Timeouts = new ConnectionTimeouts(Idle: 1000, Send: 0, Close: 1000, ProxyHeader: 1000, SweepInterval: 100),
            TrustedProxies = header ? new TrustedProxies([]) : null,
            TimeProvider = time,
            Clock = new CoarseClock(time),
            Buffers = new BufferManager(1, 1, 0),
            EventArgs = new SocketAsyncEventArgsPool(1),
            Turnstiles = new Turnstiles(static () => new Bell()),
            Counters = new TransportCounters(),
            Faults = new FaultTable(new ConnectionRegistry(1), new CoarseClock(time), time, NullLogger.Instance),
            Observer = new Observer(),
            Logger = NullLogger.Instance,
            Ended = static _ => { },
        };
    }

    /// <summary>A connection whose loop does nothing but what the test says.</summary>
    private sealed class LoopThatStandsStill(ConnectionContext context, Socket socket)
        : EchoConnection(context, id: 1, socket, ListenerKind.Echo, expiresAt: long.MaxValue)
    {
        /// <summary>It has come to count what it has taken.</summary>
        public void Count(int bytes)
        {
            if (Progress.Phase == ConnectionPhase.Receiving)
            {
                Figures.OnReceived(bytes, Context.Clock.Now);
            }
            else
            {
                Figures.OnDiscarded(bytes);
            }
        }
    }
}
