using EchoService.IntegrationTests.Infrastructure;
using Microsoft.Playwright;

namespace EchoService.IntegrationTests.StatusPage;

/// <summary>The picture for the README: looked at and thrown away, so that a run leaves the tree as it was, unless it is to be renewed.</summary>
public sealed class PagePictureTests(Browser browser) : PageTests(browser)
{
    private const string Update = "UPDATE_PICTURE";

    [Fact]
    public async Task ShowsABusyInstance()
    {
        var service = Own(await ScriptedService.StartAsync(new Scene(Clients: 412, Rate: 61_000_000)));
        var page = await OpenAsync(service.Uri, new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = 1360, Height = 960 },
            DeviceScaleFactor = 1.5f,
            ColorScheme = ColorScheme.Light,
            TimezoneId = "UTC",
        });
        await page.Locator("#link[data-state=live]").WaitForAsync();
        await BecomesTrueAsync(page, "document.querySelectorAll('#clients-rows tr').length === 25 && document.querySelector('#connections-1').textContent === '412'");
        var picture = await page.ScreenshotAsync();
        picture.Length.ShouldBeGreaterThan(50_000);
        if (Environment.GetEnvironmentVariable(Update) == "1")
        {
            await File.WriteAllBytesAsync(Repository.PathOf("docs", "status-page.png"), picture, TestContext.Current.CancellationToken);
        }
    }
}
