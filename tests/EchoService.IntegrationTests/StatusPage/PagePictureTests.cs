using EchoService.IntegrationTests.Infrastructure;
using Microsoft.Playwright;

namespace EchoService.IntegrationTests.StatusPage;

/// <summary>The picture for the README: looked at and thrown away, so that a run leaves the tree as it was, unless it is to be renewed.</summary>
public sealed class PagePictureTests(Browser browser) : PageTests(browser)
{
    private const string Update = "UPDATE_PICTURE";

    [Fact]
    public async Task ABusyInstanceFitsAPhone()
    {
        const int Width = 390;
        var page = await OpenBusyAsync(new ViewportSize { Width = Width, Height = 844 }, scale: 2, rows: 10);
        (await page.EvaluateAsync<int>("document.documentElement.scrollWidth")).ShouldBe(Width);
        // All that has a heading, a figure or something to press is in sight without a scroll to the side; the table of the
        // clients, which has more columns than a phone has room for, scrolls within its own frame.
        var outside = await page.EvaluateAsync<string[]>($"""
            [...document.querySelectorAll('h1, h2, h3, button, input, select, svg, dt, dd')]
              .filter(part => part.checkVisibility() && !part.closest('table, dialog'))
              .filter(part => part.getBoundingClientRect().left < 0 || part.getBoundingClientRect().right > {Width} + 0.5)
              .map(part => part.outerHTML)
            """);
        outside.ShouldBeEmpty();
        (await page.ScreenshotAsync()).Length.ShouldBeGreaterThan(30_000);
    }

    [Fact]
    public async Task ShowsABusyInstance()
    {
        var page = await OpenBusyAsync(new ViewportSize { Width = 1360, Height = 960 }, scale: 1.5f, rows: 25);
        var picture = await page.ScreenshotAsync();
        picture.Length.ShouldBeGreaterThan(50_000);
        if (Environment.GetEnvironmentVariable(Update) == "1")
        {
            await File.WriteAllBytesAsync(Repository.PathOf("docs", "status-page.png"), picture, TestContext.Current.CancellationToken);
        }
    }

    private async Task<IPage> OpenBusyAsync(ViewportSize size, float scale, int rows)
    {
        var service = Own(await ScriptedService.StartAsync(new Scene(Clients: 412, Rate: 61_000_000)));
        var page = await OpenAsync(service.Uri, new BrowserNewContextOptions
        {
            ViewportSize = size,
            DeviceScaleFactor = scale,
            ColorScheme = ColorScheme.Light,
            TimezoneId = "UTC",
        });
        await page.Locator("#link[data-state=live]").WaitForAsync();
        await BecomesTrueAsync(page, $"document.querySelectorAll('#clients-rows tr').length === {rows} && document.querySelector('#connections-1').textContent === '412'");
        return page;
    }
}
