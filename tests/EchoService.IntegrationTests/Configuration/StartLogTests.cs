using System.Net;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Configuration;

/// <summary>What the log of the real process says of a start that succeeds.</summary>
public sealed class StartLogTests
{
    [Fact]
    public async Task SaysBothEndpointsInALineEach()
    {
        await using var service = await EchoProcess.StartAsync();
        (await service.WaitForOutputAsync("Echo listening")).ShouldMatch(@"EchoService\.Transport\.\w+\[1000\] Echo listening on .+:[1-9]\d* \(tcp\)$");
        (await service.WaitForOutputAsync("Management listening")).ShouldMatch(@"EchoService\.ControlPlane\[3000\] Management listening on http://127\.0\.0\.1:[1-9]\d*$");
    }

    [Theory]
    [InlineData("", "taken from loopback alone, without a key")]
    [InlineData("Management:ApiKey=correct-horse-battery-staple", "need the key")]
    public async Task SaysWhoMayChangeSomething(string setting, string mode)
    {
        await using var service = await EchoProcess.StartAsync([.. setting.Split(';', StringSplitOptions.RemoveEmptyEntries)]);
        (await service.WaitForOutputAsync("Calls that change something")).ShouldContain(mode);
    }

    [Fact]
    public async Task SaysWhoChangedWhatAndCountsWrongKeys()
    {
        await using var service = await EchoProcess.StartAsync("Management:ApiKey=correct-horse-battery-staple");
        using var client = await EchoClient.ConnectAsync(service.EndPoint);
        await client.EchoAsync(10);
        using var http = service.OpenManagement();
        using var wrong = new HttpRequestMessage(HttpMethod.Delete, "/clients/1") { Headers = { { "Authorization", "Bearer staple-battery-horse-correct" } } };
        using var right = new HttpRequestMessage(HttpMethod.Delete, "/clients/1") { Headers = { { "Authorization", "Bearer correct-horse-battery-staple" } } };
        (await http.SendAsync(wrong, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        (await http.SendAsync(right, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.Accepted);

        (await service.WaitForOutputAsync("wrong key")).ShouldEndWith("1 calls with a wrong key, the last from 127.0.0.1. Said once a minute at most");
        (await service.WaitForOutputAsync("[3012]")).ShouldEndWith("DELETE /clients/1 by 127.0.0.1 with the key: 1 connection, graceful");
    }

    [Fact]
    [Needs(Need.Linux)]
    public async Task WatchesNoFiles()
    {
        await using var service = await EchoProcess.StartAsync();
        service.OpenFileLinks.ShouldNotContain(link => link.Contains("inotify", StringComparison.Ordinal));
    }
}
