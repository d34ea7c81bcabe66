using System.Net;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Faults;

namespace EchoService.IntegrationTests.Faults;

/// <summary>The ports while <c>refuse</c> is on and when it ends: they are nobody else's.</summary>
[Needs(Need.Linux)]
public sealed class HeldPortTests : FaultTests
{
    private protected override string[] Settings => ["Echo:Address=127.0.0.1"];

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("0.0.0.0")]
    [InlineData("::")]
    public async Task NobodyElseGetsThemAndThoseWhoAreConnectedStay(string address)
    {
        var host = await StartAsync("Faults:Enabled=true", "Echo:BannerPort=0", $"Echo:Address={address}");
        using var open = await host.ConnectAsync();
        await open.EchoAsync(100);
        // Once with a connection on the port, and once with none on that of the banner.
        IPEndPoint[] endPoints = [host.Server.EndPoint!, host.Server.BannerEndPoint!];
        host.Server.Faults.TryBegin(new FaultSpec(FaultKind.Refuse, Long), out var fault, out _).ShouldBeTrue();

        foreach (var endPoint in endPoints)
        {
            // .NET has it share addresses, as servers do.
            using var other = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            Should.Throw<SocketException>(() =>
            {
                other.Bind(endPoint);
                other.Listen();
            }).SocketErrorCode.ShouldBe(SocketError.AddressAlreadyInUse);
        }

        host.Server.Faults.TryEnd(fault!.Id, FaultEnd.Deleted, out _).ShouldBeTrue();
        host.Server.IsListening.ShouldBeTrue();
        await open.EchoAsync(100);
        await open.FinishAsync();
    }

    [Fact]
    public async Task GoOnBeingHeldUntilThatOfUdpCanBeHadToo()
    {
        var host = await StartAsync("Faults:Enabled=true", "Echo:Udp:Enabled=true", "Echo:Address=127.0.0.1");
        var endPoint = host.Server.EndPoint!;
        host.Server.Faults.TryBegin(new FaultSpec(FaultKind.Refuse, Long), out var fault, out _).ShouldBeTrue();
        using (var datagrams = new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp))
        {
            // A process that is being started may have a copy of the service's own for a moment.
            await Eventually.TrueAsync(() => TryBind(datagrams, endPoint));
            host.Server.Faults.TryEnd(fault!.Id, FaultEnd.Deleted, out _).ShouldBeTrue();

            host.Server.LacksListener.ShouldBeTrue();
            TryTake(endPoint).ShouldBeFalse();
            (await Should.ThrowAsync<SocketException>(() => host.ConnectAsync())).SocketErrorCode.ShouldBe(SocketError.ConnectionRefused);
            await EchoClient.LeaveSocketThreadAsync();
        }

        await Eventually.TrueAsync(() => host.Server.IsListening);
    }

    [Fact]
    public async Task NobodyElseGetsOneAtTheEnd()
    {
        var taken = 0;
        for (var round = 0; round < 20; round++)
        {
            var fault = Begin(new FaultSpec(FaultKind.Refuse, Long));
            var tries = 0;
            var isOver = false;
            var taking = Task.Factory.StartNew(
                () =>
                {
                    for (; !Volatile.Read(ref isOver); Interlocked.Increment(ref tries))
                    {
                        taken += TryTake(Host.EndPoint) ? 1 : 0;
                    }
                },
                TaskCreationOptions.LongRunning);
            try
            {
                await Eventually.TrueAsync(() => Volatile.Read(ref tries) > 0);
                End(fault);
                Host.Server.IsListening.ShouldBeTrue();
            }
            finally
            {
                Volatile.Write(ref isOver, true);
                await taking;
            }
        }

        taken.ShouldBe(0);
    }

    /// <summary>Binds without sharing, as .NET does unless it knows that this is TCP, and lets go again.</summary>
    private static bool TryTake(IPEndPoint endPoint)
    {
        using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Unspecified);
        return TryBind(socket, endPoint);
    }

    private static bool TryBind(Socket socket, IPEndPoint endPoint)
    {
        try
        {
            socket.Bind(endPoint);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
