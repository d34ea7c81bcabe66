using System.Globalization;
using EchoService.IntegrationTests.Infrastructure;
using Microsoft.Playwright;

namespace EchoService.IntegrationTests.StatusPage;

/// <summary>The page's connection to its service: lost, found again, and over.</summary>
public sealed class PageLinkTests(Browser browser) : PageTests(browser)
{
    [Fact]
    public async Task SaysThatItIsLostComesBackByItselfAndNoticesThatItIsAnotherInstance()
    {
        var service = await StartAsync();
        var page = await OpenAsync(service.ManagementUri);
        await SaysAsync(page.Locator("#link-text"), "Live");
        await (await ConnectAsync(service)).EchoAsync(100);
        await MatchesAsync(page.Locator("#totals [data-name=Accepted] dd"), "^1$");

        await service.KillAsync();
        await SaysAsync(page.GetByRole(AriaRole.Alert), "The connection to the service is lost.");
        await SaysAsync(page.Locator("#link-text"), "Not connected");
        (await Button(page, "Drain…").IsDisabledAsync()).ShouldBeTrue();

        var again = await StartAsync($"Echo:Port={service.EndPoint.Port.ToString(CultureInfo.InvariantCulture)}", $"urls={service.ManagementUri}");
        await SaysAsync(page.Locator("#link-text"), "Live");
        await SaysAsync(page.Locator("#notice"), "The service was restarted");
        (await page.Locator("#lost").IsHiddenAsync()).ShouldBeTrue();
        await MatchesAsync(page.Locator("#totals [data-name=Accepted] dd"), "^0$");
        await Row(page, await ConnectAsync(again)).WaitForAsync();
        await Button(page, "Dismiss").ClickAsync();
        (await page.Locator("#notice").IsHiddenAsync()).ShouldBeTrue();
    }

    [Fact]
    [Needs(Need.Signals)]
    public async Task FollowsAServiceThatStopsToItsEnd()
    {
        var service = await StartAsync("Drain:Spread=-1", "Drain:Timeout=00:01:00");
        var page = await OpenAsync(service.ManagementUri);
        var client = await ConnectAsync(service);
        await client.EchoAsync(100);
        await MatchesAsync(page.Locator("#connections-1"), "^1$");
        var stopped = StopAsync(service);
        await SaysAsync(Phase(page), "Draining");
        await SaysAsync(page.Locator("#phase-text"), "the process ends");
        await HiddenAsync(Button(page, "Take the drain back"));
        client.Dispose();
        (await stopped).ShouldBe(0);
        await SaysAsync(page.Locator("#link-text"), "Not connected");
        await SaysAsync(Phase(page), "Drained");
    }
}
