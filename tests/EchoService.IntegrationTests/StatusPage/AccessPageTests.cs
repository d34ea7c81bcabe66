using EchoService.IntegrationTests.Infrastructure;
using Microsoft.Playwright;

namespace EchoService.IntegrationTests.StatusPage;

/// <summary>Who may change something: the key is asked for, and who cannot is told what to do.</summary>
public sealed class AccessPageTests(Browser browser) : PageTests(browser)
{
    private const string Key = "a-key-of-the-tests-0123456789";

    [Fact]
    public async Task AsksForTheKeyTakesTheRightOneKeepsItInTheTabAndForgetsIt()
    {
        var service = await StartAsync($"Management:ApiKey={Key}");
        var page = await OpenAsync(service.ManagementUri);
        var (first, second) = (await ConnectAsync(service), await ConnectAsync(service));
        var asked = Dialog(page, "API key");
        await CloseAsync(page, first);
        await asked.GetByLabel("Key").FillAsync("another-key-that-is-wrong");
        await Button(asked, "Use the key").ClickAsync();
        await SaysAsync(asked.GetByRole(AriaRole.Alert), "refused");
        await asked.GetByLabel("Key").FillAsync(Key);
        await Button(asked, "Use the key").ClickAsync();
        (await first.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        (await page.Locator("#key-input").InputValueAsync()).ShouldBe("");
        (await page.EvaluateAsync<int>("localStorage.length + document.cookie.length")).ShouldBe(0);
        page.Url.ShouldBe(service.ManagementUri.ToString());

        await CloseAsync(page, second);
        (await second.ReceiveToEndAsync()).ShouldBe(StreamEnd.Fin);
        await Button(page, "Forget the API key").ClickAsync();
        (await page.EvaluateAsync<int>("sessionStorage.length")).ShouldBe(0);

        await Button(page, "Drain…").ClickAsync();
        await Button(Dialog(page, "Drain this instance"), "Start the drain").ClickAsync();
        await Button(asked, "Cancel").ClickAsync();
        await SaysAsync(Dialog(page, "Drain this instance").GetByRole(AriaRole.Alert), "was not started");
        (await Phase(page).TextContentAsync()).ShouldBe("Serving");
    }

    [Fact]
    public async Task ExplainsWhatToDoWhereNoKeyIsSetAndThePageIsNotOnLoopback()
    {
        var service = await StartAsync();
        var page = await OpenAsync(new UriBuilder(service.ManagementUri) { Host = "echo.test" }.Uri);
        var client = await ConnectAsync(service);
        await CloseAsync(page, client);
        var explained = Dialog(page, "Not from here");
        await SaysAsync(explained, "kubectl --namespace echo port-forward");
        await SaysAsync(explained, "Management__ApiKey");
        await SaysAsync(page.Locator("#forbidden-detail"), "echo.test");
        await Button(explained, "Understood").ClickAsync();
        await SaysAsync(CloseDialog(page).GetByRole(AriaRole.Alert), "Nothing was closed.");
        await client.EchoAsync(100);
    }

    private static async Task CloseAsync(IPage page, EchoClient client)
    {
        await Row(page, client).GetByRole(AriaRole.Button).ClickAsync();
        await CloseDialog(page).Locator("[type=submit]").ClickAsync();
    }
}
