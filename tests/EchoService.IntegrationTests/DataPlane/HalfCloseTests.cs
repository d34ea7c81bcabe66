using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>Either side may stop sending and still be heard out.</summary>
public sealed class HalfCloseTests(SharedService shared) : BlackBoxTests(shared)
{
    [Fact]
    public async Task EchoesAllThatCameBeforeTheClientsFin()
    {
        // More than the socket buffers of both ends hold, and all of it sent before the first byte is read.
        const int Size = 32 << 20;
        using var client = await Service.ConnectAsync(receiveBufferSize: 65_536);
        var sending = SendAsync();
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        await sending;
        client.Received.ShouldBe(Size);

        async Task SendAsync()
        {
            await client.SendAsync(Size);
            client.ShutdownSend();
        }
    }

    [Fact]
    public async Task AnswersAFinWithoutBytesByFin()
    {
        using var client = await Service.ConnectAsync();
        client.ShutdownSend();
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
    }

    [Fact]
    public async Task EchoesAMessageThatComesTogetherWithFin()
    {
        for (var i = 0; i < 100; i++)
        {
            using var client = await Service.ConnectAsync(i);
            await client.SendAsync(5);
            await client.FinishAsync();
        }
    }

    [Fact]
    public async Task HearsTheClientOutAfterItsOwnFin()
    {
        using var client = await Service.ConnectAsync();
        await client.EchoAsync(100);
        await Service.KillNewestAsync("graceful");
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);

        // The client may go on sending for a while. It is neither echoed nor answered by a reset.
        await client.SendAsync(1 << 20);
        client.ShutdownSend();
        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        client.Received.ShouldBe(100);
    }
}
