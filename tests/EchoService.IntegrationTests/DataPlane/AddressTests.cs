using System.Net;
using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Connections;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>Where the service listens, and what its sockets are set to.</summary>
public sealed class AddressTests : ServiceTests
{
    [Fact]
    public async Task ServesIPv4AndIPv6OnOneListener()
    {
        var host = await StartAsync("Echo:Address=::");
        foreach (var address in new[] { IPAddress.Loopback, IPAddress.IPv6Loopback })
        {
            using var client = await EchoClient.ConnectAsync(new IPEndPoint(address, host.EndPoint.Port));
            await client.EchoAsync(5000);
            // An IPv4 client has its IPv4 address, though the socket that accepted it is an IPv6 one.
            var connection = host.Server.Connections.Live.ShouldHaveSingleItem();
            connection.PeerEndPoint.ShouldBe(client.Socket.LocalEndPoint);
            await client.FinishAsync();
            await host.WaitForAsync(stats => stats.Active == 0);
        }
    }

    [Fact]
    public async Task ServesOnlyTheAddressItWasGiven()
    {
        var host = await StartAsync("Echo:Address=127.0.0.1");
        using (var client = await host.ConnectAsync())
        {
            await client.EchoAsync(10);
            await client.FinishAsync();
        }

        await Should.ThrowAsync<SocketException>(() => EchoClient.ConnectAsync(new IPEndPoint(IPAddress.IPv6Loopback, host.EndPoint.Port)));
    }

    [Fact]
    public async Task DoesNotStartOnAPortThatIsTaken()
    {
        var host = await StartAsync();
        var exception = await Should.ThrowAsync<Exception>(() => EchoHost.StartAsync($"Echo:Port={host.EndPoint.Port}"));
        exception.GetBaseException().ShouldBeOfType<SocketException>().SocketErrorCode.ShouldBe(SocketError.AddressAlreadyInUse);
    }

    [Fact]
    public async Task ListensAgainOnTheSamePort()
    {
        var host = await StartAsync();
        var port = host.Server.EndPoint!.Port;
        using var stays = await host.ConnectAsync();
        await stays.EchoAsync(10);
        for (var i = 0; i < 10; i++)
        {
            host.Server.StopListening();
            await Should.ThrowAsync<SocketException>(() => host.ConnectAsync());
            host.Server.Listen();
            host.Server.EndPoint!.Port.ShouldBe(port);
            using var client = await host.ConnectAsync();
            await client.EchoAsync(10);
            await client.FinishAsync();
        }

        await stays.EchoAsync(10);
        await stays.FinishAsync();
    }

    [Theory]
    [InlineData(true, 60)]
    [InlineData(false, 0)]
    public async Task AcceptedSocketsHaveTheConfiguredOptions(bool noDelay, int keepAliveSeconds)
    {
        var host = await StartAsync($"Echo:NoDelay={noDelay}", $"Echo:KeepAlive={TimeSpan.FromSeconds(keepAliveSeconds)}");
        using var client = await host.ConnectAsync();
        await client.EchoAsync(1);

        var socket = SocketOf(host.Server.Connections.Live.Single());
        socket.NoDelay.ShouldBe(noDelay);
        socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive).ShouldBe(keepAliveSeconds > 0 ? 1 : 0);
        if (keepAliveSeconds > 0)
        {
            socket.GetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime).ShouldBe(keepAliveSeconds);
        }
    }

    // They are inherited from the listener and nowhere set on the socket itself, which is worth a look behind the scenes.
    private static Socket SocketOf(EchoConnection connection)
    {
        return SocketField(connection).ShouldNotBeNull();

        [System.Runtime.CompilerServices.UnsafeAccessor(System.Runtime.CompilerServices.UnsafeAccessorKind.Field, Name = "<Socket>k__BackingField")]
        static extern ref Socket? SocketField(EchoConnection connection);
    }
}
