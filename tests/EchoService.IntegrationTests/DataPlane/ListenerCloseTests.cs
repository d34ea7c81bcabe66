using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Accepting;
using EchoService.Transport.Connections;
using Microsoft.Win32.SafeHandles;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>Whoever the kernel has connected is served or sent away by FIN: closing the listener resets nobody.</summary>
public sealed class ListenerCloseTests : ServiceTests
{
    private const int Waiting = 40;

    [Fact]
    public async Task AcceptsThoseWhoWaitBeforeItCloses()
    {
        var host = await StartAsync();
        // Bound and never started, so that whoever connects stays in the kernel's backlog.
        var listener = host.BindListener();
        var clients = await ConnectAllAsync(listener);

        listener.Close();

        foreach (var client in clients)
        {
            await client.EchoAsync(1000);
            await client.FinishAsync();
            client.Dispose();
        }

        (await host.GetStatsAsync()).Accepted.ShouldBe(Waiting);
    }

    [Fact]
    public async Task ThoseWhoWaitWhenItStopsListeningGetFinAndAreCounted()
    {
        var host = await StartAsync();
        var listener = host.BindListener();
        var clients = await ConnectAllAsync(listener);
        foreach (var client in clients)
        {
            // Unread bytes would make a plain close a reset.
            await client.SendAsync(1000);
        }

        host.Server.StopListening();
        listener.Close();

        foreach (var client in clients)
        {
            (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
            client.Dispose();
        }

        (await host.GetStatsAsync()).Rejected["draining"].ShouldBe(Waiting);
        host.Server.Listen();
    }

    [Fact]
    public async Task ThoseWhoQueueForAPlaceGetFinAndAreCounted()
    {
        var host = await StartAsync("Echo:MaxConnections=1", "Echo:LimitPolicy=queue");
        using var first = await host.ConnectAsync();
        await first.EchoAsync(10);
        var clients = new EchoClient[Waiting];
        for (var i = 0; i < clients.Length; i++)
        {
            clients[i] = await host.ConnectAsync(i);
            await clients[i].SendAsync(1000);
        }

        host.Server.StopListening();

        foreach (var client in clients)
        {
            (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
            client.Dispose();
        }

        (await host.GetStatsAsync()).Rejected["draining"].ShouldBe(Waiting);
        await first.EchoAsync(10);
        await first.FinishAsync();
        host.Server.Listen();
    }

    [Fact]
    public async Task NobodyIsResetWhoConnectsWhileItCloses()
    {
        const int Rounds = 30;
        var host = await StartAsync();
        var connected = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var clients = Enumerable.Range(0, 4).Select(_ => Task.Run(ConnectUntilRefusedAsync, TestContext.Current.CancellationToken)).ToArray();
            var before = Volatile.Read(ref connected);
            await Eventually.TrueAsync(() => Volatile.Read(ref connected) > before + 10);
            host.Server.StopListening();
            await Task.WhenAll(clients);
            foreach (var connection in host.Server.Connections.Live)
            {
                connection.Close(CloseReason.Drain);
            }

            host.Server.Listen();
        }

        // Connects and leaves, by FIN and without a reset on either side.
        async Task ConnectUntilRefusedAsync()
        {
            while (true)
            {
                EchoClient client;
                try
                {
                    client = await host.ConnectAsync();
                }
                catch (SocketException exception)
                {
                    exception.SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
                    return;
                }

                using (client)
                {
                    Interlocked.Increment(ref connected);
                    client.ShutdownSend();
                    (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
                }
            }
        }
    }

    [Fact]
    [Needs(Need.Linux)]
    public async Task AHandshakeThatIsHalfDoneIsWaitedForButNotForEver()
    {
        const int Attempts = 10;
        var host = await StartAsync();
        // The wait is a second; on a machine that takes longer to come to the client's last packet there are others.
        for (var attempt = 1; ; attempt++)
        {
            var listener = BindWithHandshakesThatWaitForData(host);
            using var silent = await EchoClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, listener.EndPoint.Port));
            using var client = await EchoClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, listener.EndPoint.Port));
            await Eventually.TrueAsync(() => HandshakeStop.IsOneHalfDone(listener.EndPoint.Port));
            var closing = Task.Factory.StartNew(listener.Close, TaskCreationOptions.LongRunning);
            // It has let in whom the kernel had connected, which is what it begins with, and not those two.
            await Eventually.TrueAsync(() => !SocketOf(listener).Blocking);
            var isWaitedFor = !closing.IsCompleted;
            client.Socket.Send([1], SocketFlags.None, out _);
            await closing.WaitAsync(Eventually.Deadline, TestContext.Current.CancellationToken);
            if (isWaitedFor && (await host.GetStatsAsync()).Accepted == 1)
            {
                break;
            }

            attempt.ShouldBeLessThan(Attempts);
        }

        await host.WaitForAsync(stats => stats.BytesSent == 1);
    }

    [Fact]
    [Needs(Need.Linux)]
    public async Task ACopyOfTheSocketListensNoMore()
    {
        var host = await StartAsync();
        var listener = host.BindListener();
        // As a process has that another thread is just starting.
        using var copy = new SafeFileHandle(Duplicate((int)SocketOf(listener).SafeHandle.DangerousGetHandle()), ownsHandle: true);
        copy.IsInvalid.ShouldBeFalse();

        listener.Close();

        using var next = new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp) { DualMode = true };
        next.Bind(listener.EndPoint);
        (await Should.ThrowAsync<SocketException>(() => EchoClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, listener.EndPoint.Port)))).SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
        await EchoClient.LeaveSocketThreadAsync();
        next.Listen();
        using var client = await EchoClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, listener.EndPoint.Port));
    }

    [Fact]
    public async Task AConnectionThatIsBeingMadeWhenTheListenerClosesIsClosedToo()
    {
        var closed = 0;
        await using var harness = new Lifecycle.LifecycleHarness();
        // Making the connection asks for the time: after the first look at the listener and before the second.
        harness.Time.OnTimestamp = () =>
        {
            if (Interlocked.Exchange(ref closed, 1) == 0)
            {
                harness.Time.OnTimestamp = null;
                harness.Server.StopListening();
            }
        };

        var client = await harness.ConnectAsync();

        await Lifecycle.LifecycleHarness.ShouldSeeFinAsync(client);
        closed.ShouldBe(1);
        harness.Server.Connections.Live.ShouldAllBe(connection => connection.CloseReason == CloseReason.Drain);
        harness.Server.Counters.Accepted.ShouldBe(1);
    }

    /// <summary>With TCP_DEFER_ACCEPT (tcp(7)) the kernel takes a handshake for half done until the client has sent something.</summary>
    private static ConnectionListener BindWithHandshakesThatWaitForData(EchoHost host)
    {
        const int IpProtoTcp = 6;
        const int TcpDeferAccept = 9;
        var listener = host.BindListener();
        SocketOf(listener).SetRawSocketOption(IpProtoTcp, TcpDeferAccept, BitConverter.GetBytes(60));
        return listener;
    }

    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_socket")]
    private static extern ref Socket SocketOf(ConnectionListener listener);

    [DllImport("libc", EntryPoint = "dup")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static extern int Duplicate(int descriptor);

    private static async Task<EchoClient[]> ConnectAllAsync(ConnectionListener listener)
    {
        var clients = new EchoClient[Waiting];
        for (var i = 0; i < clients.Length; i++)
        {
            clients[i] = await EchoClient.ConnectAsync(new IPEndPoint(IPAddress.Loopback, listener.EndPoint.Port), i);
        }

        return clients;
    }
}
