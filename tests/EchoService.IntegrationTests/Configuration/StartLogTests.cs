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

    [Fact]
    public async Task WarnsOfAKeyThatCanBeGuessed()
    {
        await using var service = await EchoProcess.StartAsync("Management:ApiKey=secret");
        var line = await service.WaitForOutputAsync("[3001]");
        line.ShouldContain("fewer than 16 characters");
        line.ShouldNotContain("secret");
    }
}
