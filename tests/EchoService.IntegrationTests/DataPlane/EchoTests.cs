using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.DataPlane;

/// <summary>What is sent comes back: every byte, in order, whatever the sizes.</summary>
public sealed class EchoTests(SharedService shared) : BlackBoxTests(shared)
{
    private const int MiB = 1 << 20;

    [Theory]
    [InlineData(1)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(1025)]
    [InlineData(MiB)]
    public async Task EchoesAMessage(int size)
    {
        using var client = await Service.ConnectAsync();
        await client.EchoAsync(size);
        await client.EchoAsync(size);
        await client.FinishAsync();
    }

    [Theory]
    [InlineData(MiB, 3000)]
    [InlineData(256 * MiB, 200_000)]
    public async Task EchoesAStreamInRandomChunks(int size, int largestChunk)
    {
        using var client = await Service.ConnectAsync();
        var random = new Random(size);
        var sending = SendAsync();
        await client.ReceiveAsync(size);
        await sending;
        await client.FinishAsync();

        async Task SendAsync()
        {
            while (client.Sent < size)
            {
                await client.SendAsync(Math.Min(random.Next(1, largestChunk), size - client.Sent));
            }
        }
    }

    [Fact]
    public async Task CountsBeyondTwoGibibytesOnOneConnection()
    {
        const long Size = (1L << 31) + 1;
        var before = await Service.GetStatsAsync();
        using var client = await Service.ConnectAsync();
        await client.EchoAsync(Size);
        var after = await Service.GetStatsAsync();
        (after.BytesReceived - before.BytesReceived).ShouldBe(Size);
        (after.BytesSent - before.BytesSent).ShouldBe(Size);
        var own = await Service.GetNewestAsync();
        own.GetProperty("bytesReceived").GetInt64().ShouldBe(Size);
        own.GetProperty("bytesSent").GetInt64().ShouldBe(Size);
        await client.FinishAsync();
    }

    [Fact]
    public async Task ServesFiveHundredClientsAtOnce()
    {
        var clients = await Service.ConnectAllAsync(500);
        await Task.WhenAll(clients.Select((client, i) => TalkAsync(client, new Random(i))));

        static async Task TalkAsync(EchoClient client, Random random)
        {
            using (client)
            {
                for (var message = 0; message < 10; message++)
                {
                    // Mostly small, a few large.
                    await client.EchoAsync(1 + (int)(Math.Pow(random.NextDouble(), 4) * 100_000));
                }

                await client.FinishAsync();
            }
        }
    }

    [Fact]
    public async Task EchoesAllOfAMessageThatShrinksAndGrows()
    {
        // A buffer that once shrank to the size of a message would take the next one in pieces or not at all.
        using var client = await Service.ConnectAsync();
        foreach (var size in new[] { 1000, 1, 1000, 10, 100_000, 1, 100_000, 1, 1 })
        {
            await client.EchoAsync(size);
        }

        await client.FinishAsync();
    }

    [Fact]
    public async Task EchoesThroughATinyReceiveWindow()
    {
        // The kernel takes the echo in pieces, some of a few bytes.
        using var client = await Service.ConnectAsync(receiveBufferSize: 4096);
        await client.EchoAsync(4 * MiB);
        await client.FinishAsync();
    }
}
