using System.Net.Sockets;
using System.Runtime.InteropServices;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>Nobody reads standard output while there is much to log: the log loses lines, and the service nothing.</summary>
[Needs(Need.Linux)]
public sealed class UnreadOutputTests
{
    /// <summary>More lines than a pipe and the queue before it hold: 64 KiB and 2,500 messages.</summary>
    private const int Resets = 4000;

    [Fact]
    public async Task HoldsUpNobodyAndIsCounted()
    {
        await using var service = await EchoProcess.StartAsync("Logging:LogLevel:Default=Debug", "Drain:ReadinessDelay=00:00:00");
        using var client = await service.Target.ConnectAsync();
        service.LeaveUnread();
        await ResetAsync(service);
        await client.EchoAsync(100_000);
        (await service.Target.GetStatsAsync()).Active.ShouldBe(1);

        service.ReadOn();
        // The count comes with the next message that there is room for.
        await Eventually.TrueAsync(async () =>
        {
            await ResetAsync(service, 1);
            return (service.Output + service.Error).Contains("message(s) dropped because of queue size limit", StringComparison.Ordinal);
        });

        service.LeaveUnread();
        await ResetAsync(service);
        await client.FinishAsync();
        service.Signal(PosixSignal.SIGTERM);
        (await service.WaitForExitAsync()).ShouldBe(0);
    }

    private static async Task ResetAsync(EchoProcess service, int count = Resets)
    {
        var before = await service.Target.GetStatsAsync();
        for (var i = 0; i < count; i++)
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Connect(service.EndPoint);
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }

        await service.Target.WaitForAsync(stats => stats.ClosedTotal >= before.ClosedTotal + count);
    }
}
