using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using EchoService.IntegrationTests.Infrastructure;
using Microsoft.Playwright;

namespace EchoService.IntegrationTests.StatusPage;

/// <summary>
/// Tests that open the status page of a service that is a process of its own. Whatever goes wrong in a page, a breach of
/// its content security policy among it, fails the test that opened it.
/// </summary>
[Collection(BrowserSuite.Name)]
[Needs(Need.Chromium)]
public abstract partial class PageTests(Browser browser) : IAsyncLifetime
{
    private readonly List<IBrowserContext> _contexts = [];
    private readonly List<IAsyncDisposable> _services = [];
    private readonly List<EchoClient> _clients = [];

    /// <summary>What the pages complained about so far.</summary>
    private protected List<string> Complaints { get; } = [];

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        foreach (var context in _contexts)
        {
            await context.CloseAsync();
        }

        _clients.ForEach(client => client.Dispose());
        foreach (var service in _services)
        {
            await service.DisposeAsync();
        }

        if (TestContext.Current.TestState?.Result != TestResult.Failed)
        {
            Complaints.ShouldBeEmpty();
        }
    }

    /// <summary>Starts a service that closes its clients at once when it drains.</summary>
    private protected async Task<EchoProcess> StartAsync(params string[] settings)
    {
        var service = await EchoProcess.StartAsync(
            [
                "Echo:Address=127.0.0.1", "Drain:ReadinessDelay=00:00:00", "Drain:Spread=00:00:00", "Drain:Timeout=00:00:05", .. settings,
            ]);
        return Own(service);
    }

    /// <summary>Has something end with the test.</summary>
    private protected T Own<T>(T service)
        where T : IAsyncDisposable
    {
        _services.Add(service);
        return service;
    }

    private protected async Task<EchoClient> ConnectAsync(EchoProcess service)
    {
        var client = await EchoClient.ConnectAsync(service.EndPoint);
        _clients.Add(client);
        return client;
    }

    /// <summary>Opens a page in a context of its own.</summary>
    /// <param name="uri">Of the page.</param>
    /// <param name="options">Of the context; 1280 by 900 pixels where no size is given.</param>
    /// <param name="prepare">What is done to the page before it goes there.</param>
    private protected async Task<IPage> OpenAsync(Uri uri, BrowserNewContextOptions? options = null, Func<IPage, Task>? prepare = null)
    {
        options ??= new BrowserNewContextOptions();
        options.ViewportSize ??= new ViewportSize { Width = 1280, Height = 900 };
        var context = await browser.Chromium.NewContextAsync(options);
        _contexts.Add(context);
        context.SetDefaultTimeout(40_000);
        var page = await context.NewPageAsync();
        page.PageError += (_, error) => Complaints.Add(error);
        page.Console += (_, message) =>
        {
            // What the browser says when a call is refused or the service is away is part of what is tested.
            if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource: ", StringComparison.Ordinal))
            {
                Complaints.Add(message.Text);
            }
        };
        if (prepare is not null)
        {
            await prepare(page);
        }

        await page.GotoAsync(uri.ToString());
        return page;
    }

    private protected static ILocator Row(IPage page, EchoClient client) => Row(page, EndPointOf(client));

    private protected static ILocator Row(IPage page, string text) => page.Locator("#clients-rows tr", new PageLocatorOptions { HasText = text });

    private protected static ILocator Cell(ILocator row, string name) => row.Locator($"td[data-name=\"{name}\"]");

    private protected static ILocator Phase(IPage page) => page.Locator("#phase-name");

    private protected static ILocator Toast(IPage page) => page.Locator("#toast");

    private protected static ILocator Dialog(IPage page, string name) => page.GetByRole(AriaRole.Dialog, new PageGetByRoleOptions { Name = name });

    private protected static ILocator CloseDialog(IPage page) => page.GetByRole(AriaRole.Dialog, new PageGetByRoleOptions { NameRegex = CloseTitle() });

    private protected static ILocator Button(IPage page, string name) => page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = name });

    private protected static ILocator Button(ILocator within, string name) => within.GetByRole(AriaRole.Button, new LocatorGetByRoleOptions { Name = name });

    /// <summary>Waits until an element says something, within Playwright's own deadline.</summary>
    private protected static Task SaysAsync(ILocator locator, string text) => locator.Filter(new LocatorFilterOptions { HasText = text }).WaitForAsync();

    /// <summary>The same for a text that is as a pattern has it.</summary>
    private protected static Task MatchesAsync(ILocator locator, [System.Diagnostics.CodeAnalysis.StringSyntax("Regex")] string pattern) =>
        locator.Filter(new LocatorFilterOptions { HasTextRegex = new Regex(pattern) }).WaitForAsync();

    /// <summary>Waits until a script says yes. Asked from here: the page's policy forbids what Playwright itself would do to ask there.</summary>
    private protected static Task BecomesTrueAsync(IPage page, string script, object? argument = null) =>
        Eventually.TrueAsync(() => page.EvaluateAsync<bool>(script, argument), TimeSpan.FromSeconds(40), script);

    private protected static Task GoneAsync(ILocator locator) => locator.WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Detached });

    private protected static Task HiddenAsync(ILocator locator) => locator.WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Hidden });

    /// <summary>The client's address as the page shows it.</summary>
    private protected static string EndPointOf(EchoClient client) => client.LocalEndPoint.ToString();

    private protected static Task<int> StopAsync(EchoProcess service)
    {
        service.Signal(PosixSignal.SIGTERM);
        return service.WaitForExitAsync();
    }

    [GeneratedRegex(@"^Close client \d+\?$")]
    private static partial Regex CloseTitle();
}
