using System.Net.Sockets;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.IntegrationTests.Udp;
using EchoService.Testcontainers;

namespace EchoService.IntegrationTests.Containers;

/// <summary>The module with a real container: each endpoint that it names, and what its management client can do from outside.</summary>
[Collection(ContainerSuite.Name)]
[Needs(Need.Engine)]
public sealed class ModuleTests
{
    private static CancellationToken Ended => TestContext.Current.CancellationToken;

    [Fact]
    public async Task EveryEndpointAnswersAndTheMadeUpKeyOpensTheManagementApi()
    {
        await using var service = await EchoContainer.StartAsync(builder => builder.WithFaults().WithUdp().WithBanner().WithConnectionLimit(50)
            .WithDrain(TimeSpan.Zero, TimeSpan.FromSeconds(5), TimeSpan.Zero));
        var echo = service.Module;
        using (var client = await EchoClient.ConnectAsync(echo.EchoEndPoint))
        {
            await client.EchoAsync(4096);
            await client.FinishAsync();
        }

        using (var datagrams = new DatagramClient(echo.UdpEndPoint))
        {
            await datagrams.EchoAsync(100);
        }

        using (var client = new TcpClient())
        {
            await client.ConnectAsync(echo.BannerEndPoint, Ended);
            using var reader = new StreamReader(client.GetStream());
            (await reader.ReadLineAsync(Ended)).ShouldNotBeNull().ShouldStartWith($$"""{"service":"echoservice","version":"{{Repository.Version}}",""");
        }

        await EchoClient.LeaveSocketThreadAsync();
        var stats = await echo.Management.WaitForStatsAsync(stats => stats.Connections.Active == 0, Eventually.Deadline, Ended);
        stats.Connections.Limit.ShouldBe(50);
        stats.Udp.Sent.ShouldBe(1);
        (await echo.Management.GetFaultsAsync(Ended)).Enabled.ShouldBeTrue();

        // Nobody in between turns a reset into a FIN.
        using var cut = await EchoClient.ConnectAsync(service.Direct);
        await echo.Management.InjectAsync(new Fault.Reset { AfterBytes = 1000, Duration = TimeSpan.FromSeconds(10) }, Ended);
        await cut.SendAsync(2000);
        (await cut.ReceiveToEndAsync()).ShouldBe(OperatingSystem.IsLinux() ? StreamEnd.Reset : StreamEnd.Fin);
        cut.Received.ShouldBe(1000);

        await echo.Management.BeginDrainAsync(cancellationToken: Ended);
        (await echo.Management.WaitForPhaseAsync(ServicePhase.Drained, Eventually.Deadline, Ended)).Remaining.ShouldBe(0);
        (await echo.Management.GetFaultsAsync(Ended)).Items.ShouldBeEmpty();
        await EchoClient.LeaveSocketThreadAsync();

        // Stopped and started again it may have other ports, and the same key.
        await echo.StopAsync(Ended);
        await service.StartAgainAsync();
        (await echo.Management.CloseClientsAsync(new CloseClientsRequest { Percent = 100 }, Ended)).Matched.ShouldBe(0);
        using var again = await EchoClient.ConnectAsync(echo.EchoEndPoint);
        await again.EchoAsync(4096);
        await again.FinishAsync();
    }

    [Fact]
    public async Task IsGoneOnceItIsDisposed()
    {
        var service = await EchoContainer.StartAsync();
        var id = service.Id;
        await service.DisposeAsync();
        (await Docker.RunAsync("ps", "--all", "--quiet", "--filter", $"id={id}")).ShouldBeEmpty();
    }

    [Fact]
    public async Task ReadsTheClientsFromTheHeaderOfAProxyThatItTrusts()
    {
        await using var service = await EchoContainer.StartAsync(builder => builder.WithProxyProtocol("0.0.0.0/0", "::/0"));
        using var client = new TcpClient();
        await client.ConnectAsync(service.Published, Ended);
        await client.GetStream().WriteAsync("PROXY TCP4 192.0.2.7 192.0.2.8 51234 7007\r\nx"u8.ToArray(), Ended);
        await client.GetStream().ReadExactlyAsync(new byte[1], Ended);
        (await service.Management.GetClientsAsync(new ClientFilter { Remote = "192.0.2.7" }, Ended).SingleAsync(Ended)).RemoteEndPoint.ShouldBe("192.0.2.7:51234");
        await EchoClient.LeaveSocketThreadAsync();
    }
}
