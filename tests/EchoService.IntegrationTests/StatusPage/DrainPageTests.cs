using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json;
using EchoService.IntegrationTests.Infrastructure;
using Microsoft.Playwright;

namespace EchoService.IntegrationTests.StatusPage;

/// <summary>A drain from the page: with options, to its end, and refused.</summary>
public sealed class DrainPageTests(Browser browser) : PageTests(browser)
{
    [Fact]
    public async Task IsStartedWithOptionsShownAndTakenBack()
    {
        var service = await StartAsync();
        var page = await OpenAsync(service.ManagementUri);
        var client = await ConnectAsync(service);
        await client.EchoAsync(100);
        await Button(page, "Drain…").ClickAsync();
        var options = Dialog(page, "Drain this instance");
        await options.GetByLabel("Readiness delay").FillAsync("1");
        await options.GetByLabel("Timeout").FillAsync("600");
        await options.GetByLabel("Spread").FillAsync("-1");
        await Button(options, "Start the drain").ClickAsync();

        await SaysAsync(Phase(page), "Lame duck");
        await SaysAsync(Phase(page), "Draining");
        await SaysAsync(page.Locator("#phase-live"), "Phase: Draining.");
        await SaysAsync(page.Locator("#drain-remaining"), "1 of 1");
        await MatchesAsync(page.Locator("#drain-deadline"), "in (9|10) m");
        (await page.Locator("[aria-current=step]").TextContentAsync()).ShouldBe("Draining");
        using var management = service.OpenManagement();
        (await management.GetFromJsonAsync<JsonElement>("/drain", TestContext.Current.CancellationToken)).GetProperty("phase").GetString().ShouldBe("draining");
        await client.EchoAsync(100);

        await Should.ThrowAsync<SocketException>(() => ConnectAsync(service));
        await Button(page, "Take the drain back").ClickAsync();
        await SaysAsync(Phase(page), "Serving");
        await SaysAsync(Toast(page), "The drain was taken back.");
        (await page.Locator("#drain").IsHiddenAsync()).ShouldBeTrue();
        await client.EchoAsync(100);
        await (await ConnectAsync(service)).EchoAsync(100);
    }

    [Fact]
    public async Task RunsToItsEndAndTheBarWithIt()
    {
        var service = await StartAsync();
        var page = await OpenAsync(service.ManagementUri);
        EchoClient[] clients = [await ConnectAsync(service), await ConnectAsync(service), await ConnectAsync(service), await ConnectAsync(service)];
        await MatchesAsync(page.Locator("#connections-1"), "^4$");
        await Button(page, "Drain…").ClickAsync();
        await Button(Dialog(page, "Drain this instance"), "Start the drain").ClickAsync();
        foreach (var client in clients)
        {
            (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
            client.Dispose();
        }

        await SaysAsync(Phase(page), "Drained");
        await MatchesAsync(page.Locator("#drain-graceful"), "^4$");
        (await page.GetByRole(AriaRole.Progressbar).GetAttributeAsync("aria-valuenow")).ShouldBe("100");
    }

    [Fact]
    public async Task SaysWhyItCannotBeTaken()
    {
        var service = await StartAsync();
        var page = await OpenAsync(service.ManagementUri);
        await Button(page, "Drain…").ClickAsync();
        var options = Dialog(page, "Drain this instance");
        await options.Locator("form").EvaluateAsync("(form) => { form.noValidate = true; }");
        await options.GetByLabel("Spread").FillAsync("-2");
        await Button(options, "Start the drain").ClickAsync();
        await SaysAsync(options.GetByRole(AriaRole.Alert), "spreadSeconds");
        (await Phase(page).TextContentAsync()).ShouldBe("Serving");
    }
}
