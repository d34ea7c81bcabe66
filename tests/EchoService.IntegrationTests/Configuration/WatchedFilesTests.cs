using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.Configuration;

[Needs(Need.Linux)]
public sealed class WatchedFilesTests
{
    [Fact]
    public async Task ThereAreNoneSoThatAnExhaustedInotifyLimitIsNoMatter()
    {
        await using var service = await EchoProcess.StartAsync();
        using var management = service.OpenManagement();
        (await management.GetStringAsync("/swagger/index.html", TestContext.Current.CancellationToken)).ShouldNotBeEmpty();
        await EchoClient.LeaveSocketThreadAsync();
        service.OpenFileLinks.ShouldContain(link => link.StartsWith("socket:", StringComparison.Ordinal));
        service.OpenFileLinks.ShouldNotContain(link => link.Contains("inotify", StringComparison.Ordinal));
    }
}
