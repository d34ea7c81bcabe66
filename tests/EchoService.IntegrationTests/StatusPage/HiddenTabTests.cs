using EchoService.IntegrationTests.Infrastructure;
using Microsoft.Playwright;

namespace EchoService.IntegrationTests.StatusPage;

/// <summary>More tabs than a browser has connections to a host, which is six.</summary>
public sealed class HiddenTabTests(Browser browser) : PageTests(browser)
{
    private const int Tabs = 8;

    [Fact]
    public async Task GivesItsConnectionBackAndTakesUpTheStreamWhenItIsSeenAgain()
    {
        var service = await StartAsync();
        var first = await OpenAsync(service.ManagementUri);
        await SaysAsync(Phase(first), "serving");
        var tabs = new List<IPage> { first };
        while (tabs.Count < Tabs)
        {
            await ShowAsync(tabs[^1], hidden: true);
            var tab = await first.Context.NewPageAsync();
            // Without the others' connections it would wait for one for ever.
            await tab.GotoAsync(service.ManagementUri.ToString());
            await SaysAsync(Phase(tab), "serving");
            tabs.Add(tab);
        }

        await WaitForStreamsAsync(service, 1);
        await ShowAsync(tabs[^1], hidden: true);
        await WaitForStreamsAsync(service, 0);
        await ShowAsync(first, hidden: false);
        await WaitForStreamsAsync(service, 1);
        using var client = await ConnectAsync(service);
        await Row(first, client).WaitForAsync();
    }

    /// <summary>As the browser does when another tab is put before it; Playwright holds every page to be seen.</summary>
    private static Task<System.Text.Json.JsonElement?> ShowAsync(IPage page, bool hidden) => page.EvaluateAsync(
        "hidden => { Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden }); document.dispatchEvent(new Event('visibilitychange')); }",
        hidden);

    private static async Task WaitForStreamsAsync(EchoProcess service, int count)
    {
        using var api = new HttpClient { BaseAddress = service.ManagementUri };
        await Eventually.TrueAsync(async () =>
        {
            var stats = await api.GetStringAsync("/stats", TestContext.Current.CancellationToken);
            await EchoClient.LeaveSocketThreadAsync();
            return stats.Contains($"\"eventStreams\":{count}", StringComparison.Ordinal);
        });
    }
}
