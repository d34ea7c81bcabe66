using Deque.AxeCore.Playwright;
using Microsoft.Playwright;

namespace EchoService.IntegrationTests.StatusPage;

public sealed class PageAccessibilityTests(Browser browser) : PageTests(browser)
{
    // Contrast goes by the colours, what fits by the width: neither needs all of the other, and each takes seconds.
    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task AxeFindsNothingAndNothingIsWiderThanTheScreen(ColorScheme colors, int width)
    {
        var service = await StartAsync();
        var page = await OpenAsync(service.ManagementUri, new BrowserNewContextOptions
        {
            // axe itself puts markup together, which the page's policy would not let it.
            BypassCSP = true,
            ColorScheme = colors,
            ReducedMotion = ReducedMotion.Reduce,
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
        });
        var client = await ConnectAsync(service);
        await client.EchoAsync(100);
        await Row(page, client).WaitForAsync();
        await CheckAsync(page);
        (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth")).ShouldBeTrue("nothing is wider than the screen");

        await Row(page, client).GetByRole(AriaRole.Button).ClickAsync();
        await CheckAsync(page);
        await page.Keyboard.PressAsync("Escape");
        await Button(page, "Drain…").ClickAsync();
        await CheckAsync(page);
        var options = Dialog(page, "Drain this instance");
        await options.GetByLabel("Spread").FillAsync("-1");
        await options.GetByLabel("Timeout").FillAsync("600");
        await Button(options, "Start the drain").ClickAsync();
        await SaysAsync(Phase(page), "Draining");
        await CheckAsync(page);

        await service.KillAsync();
        await page.Locator("#lost").WaitForAsync();
        await CheckAsync(page);
    }

    private static async Task CheckAsync(IPage page) =>
        (await page.RunAxe()).Violations.Select(violation => $"{violation.Id}: {string.Join(' ', violation.Nodes.Select(node => node.Html))}").ShouldBeEmpty();
}
