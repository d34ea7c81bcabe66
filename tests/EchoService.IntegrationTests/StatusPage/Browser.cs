using EchoService.IntegrationTests.Infrastructure;
using Microsoft.Playwright;

namespace EchoService.IntegrationTests.StatusPage;

/// <summary>The one Chromium of a test run.</summary>
public sealed class Browser : IAsyncLifetime
{
    private IPlaywright? _playwright;

    internal IBrowser Chromium { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (!Requirements.Has(Need.Chromium))
        {
            return;
        }

        _playwright = await Playwright.CreateAsync();
        Chromium = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Environment.GetEnvironmentVariable("CHROMIUM") ?? Requirements.FindOnPath("chromium"),
            // echo.test becomes a name of this machine that is not one of loopback.
            Args = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--host-resolver-rules=MAP echo.test 127.0.0.1"],
        });
    }

    public async ValueTask DisposeAsync()
    {
        if (_playwright is not null)
        {
            await Chromium.DisposeAsync();
            _playwright.Dispose();
        }
    }
}
