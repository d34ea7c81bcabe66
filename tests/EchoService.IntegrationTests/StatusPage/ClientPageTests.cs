using System.Globalization;
using EchoService.IntegrationTests.Infrastructure;
using Microsoft.Playwright;

namespace EchoService.IntegrationTests.StatusPage;

/// <summary>Who is connected: shown, charted, closed, sorted and searched.</summary>
public sealed class ClientPageTests(Browser browser) : PageTests(browser)
{
    [Fact]
    public async Task AClientAppearsAndItsBytesRise()
    {
        var service = await StartAsync();
        var page = await OpenAsync(service.ManagementUri);
        await SaysAsync(page.Locator("#clients-empty"), "Nobody is connected.");
        await SaysAsync(Phase(page), "Serving");

        var client = await ConnectAsync(service);
        await client.EchoAsync(1_500);
        var row = Row(page, client);
        await SaysAsync(Cell(row, "Received"), "1.50 kB");
        await SaysAsync(Cell(row, "State"), "Open");
        await MatchesAsync(page.Locator("#connections-1"), "^1$");
        await client.EchoAsync(2_000_000);
        await SaysAsync(Cell(row, "Received"), "2.00 MB");
        await SaysAsync(Cell(row, "Sent"), "2.00 MB");
        await SaysAsync(page.Locator("#totals [data-name=Received] dd"), "2.00 MB");

        client.Dispose();
        await GoneAsync(row);
        await SaysAsync(page.Locator("#clients-count"), "0 connected");
    }

    [Fact]
    public async Task TheChartsShowWhatHappens()
    {
        const string Levels = "new Set([...document.querySelector('#throughput .stroke').getAttribute('d').matchAll(/[\\d.]+ ([\\d.]+)/g)].map((match) => match[1])).size";
        var service = await StartAsync();
        var page = await OpenAsync(service.ManagementUri);
        var client = await ConnectAsync(service);
        await MatchesAsync(page.Locator("#connections-1"), "^1$");
        foreach (var chart in (string[])["#throughput", "#connections"])
        {
            await BecomesTrueAsync(page, "(selector) => (document.querySelector(`${selector} .stroke`).getAttribute('d') ?? '').includes('L')", chart);
        }

        (await page.EvaluateAsync<int>(Levels)).ShouldBe(1);
        await client.EchoAsync(5_000_000);
        await BecomesTrueAsync(page, $"{Levels} > 1");
        (await page.Locator("#connections svg").GetAttributeAsync("aria-label")).ShouldNotBeNull().ShouldContain("Connections over the last five minutes");
    }

    [Theory]
    [InlineData("graceful", StreamEnd.Fin, "is being closed")]
    [InlineData("reset", StreamEnd.Reset, "was reset")]
    public async Task OneIsClosedFromThePage(string mode, object end, string said)
    {
        var service = await StartAsync();
        var page = await OpenAsync(service.ManagementUri);
        var (client, other) = (await ConnectAsync(service), await ConnectAsync(service));
        await client.EchoAsync(100);
        await Row(page, client).GetByRole(AriaRole.Button).ClickAsync();
        var confirm = CloseDialog(page);
        await SaysAsync(confirm, EndPointOf(client));
        await confirm.Locator($"input[value={mode}]").CheckAsync();
        await confirm.Locator("[type=submit]").ClickAsync();

        (await client.ReceiveToEndAsync()).ShouldBe(end);
        await SaysAsync(Toast(page), said);
        client.Dispose();
        await GoneAsync(Row(page, client));
        await MatchesAsync(page.Locator("#closed [data-name=admin] dd"), "^1$");
        await other.EchoAsync(100);

        await page.Locator("#clients-state").SelectOptionAsync("closed");
        await MatchesAsync(Cell(Row(page, client), "State"), "Closed.*Admin");
        (await Row(page, client).GetByRole(AriaRole.Button).IsVisibleAsync()).ShouldBeFalse();
    }

    [Fact]
    public async Task OneWhoseCloseIsNotConfirmedStays()
    {
        var service = await StartAsync();
        var page = await OpenAsync(service.ManagementUri);
        var client = await ConnectAsync(service);
        var button = Row(page, client).GetByRole(AriaRole.Button);
        foreach (var leave in (Func<Task>[])[() => page.Keyboard.PressAsync("Escape"), () => Button(CloseDialog(page), "Cancel").ClickAsync()])
        {
            await button.ClickAsync();
            await CloseDialog(page).WaitForAsync();
            await leave();
            await HiddenAsync(CloseDialog(page));
            (await button.EvaluateAsync<bool>("(node) => node === document.activeElement")).ShouldBeTrue();
        }

        await client.EchoAsync(100);
    }

    [Fact]
    public async Task OneIsClosedWithTheKeyboardAloneAndTheFocusStaysInTheTable()
    {
        var service = await StartAsync();
        var page = await OpenAsync(service.ManagementUri);
        var (client, other) = (await ConnectAsync(service), await ConnectAsync(service));
        await Row(page, client).WaitForAsync();
        await Row(page, other).WaitForAsync();

        await page.Keyboard.PressAsync("Tab");
        (await page.EvaluateAsync<string>("document.activeElement.textContent")).ShouldBe("Skip to the clients");
        await page.Keyboard.PressAsync("Enter");
        for (var i = 0; i < 30 && !(await FocusedAsync(page)).Contains(EndPointOf(client), StringComparison.Ordinal); i++)
        {
            await page.Keyboard.PressAsync("Tab");
        }

        (await FocusedAsync(page)).ShouldContain(EndPointOf(client));
        await page.Keyboard.PressAsync("Enter");
        await CloseDialog(page).WaitForAsync();
        await page.Keyboard.PressAsync("ArrowDown");
        await SaysAsync(page.Locator("#close-submit"), "Reset the connection");
        await page.Keyboard.PressAsync("Enter");

        (await client.ReceiveToEndAsync()).ShouldBe(StreamEnd.Reset);
        await GoneAsync(Row(page, client));
        await BecomesTrueAsync(page, "(label) => (document.activeElement.getAttribute('aria-label') ?? '').includes(label)", EndPointOf(other));
    }

    [Fact]
    public async Task ManyAreShownPageByPageSortedAndFilteredByAddress()
    {
        var service = await StartAsync();
        var page = await OpenAsync(service.ManagementUri);
        var clients = new List<EchoClient>();
        for (var i = 0; i < 60; i++)
        {
            clients.Add(await ConnectAsync(service));
        }

        await clients[41].EchoAsync(50_000);
        await SaysAsync(page.Locator("#clients-count"), "60 connected");
        var seen = await IdsAsync(page);
        foreach (var range in (string[])["26–50 of 60", "51–60 of 60"])
        {
            await Button(page, "Next").ClickAsync();
            await SaysAsync(page.Locator("#clients-range"), range);
            seen = [.. seen, .. await IdsAsync(page)];
        }

        seen.ShouldBe(Enumerable.Range(1, 60));
        (await Button(page, "Next").GetAttributeAsync("aria-disabled")).ShouldBe("true");
        await Button(page, "Previous").ClickAsync();
        await SaysAsync(page.Locator("#clients-range"), "26–50 of 60");
        await Button(page, "First").ClickAsync();
        await SaysAsync(page.Locator("#clients-range"), "1–25 of 60");

        await Button(page, "Received").ClickAsync();
        await SaysAsync(page.Locator("#clients-rows tr").First, EndPointOf(clients[41]));
        (await page.GetByRole(AriaRole.Columnheader, new PageGetByRoleOptions { Name = "Received" }).GetAttributeAsync("aria-sort")).ShouldBe("descending");

        await page.GetByLabel("Address").FillAsync("10.0.0.0/8");
        await SaysAsync(page.Locator("#clients-empty"), "Nobody matches.");
        await page.GetByLabel("Address").FillAsync("10.0.0.0/99");
        await SaysAsync(page.Locator("#clients-error"), "Give an address or a range");
        await page.GetByLabel("Address").FillAsync("127.0.0.0/8");
        await SaysAsync(page.Locator("#clients-count"), "60 match");
        (await page.Locator("#clients-error").TextContentAsync()).ShouldBe("");
    }

    private static Task<string> FocusedAsync(IPage page) => page.EvaluateAsync<string>("document.activeElement.getAttribute('aria-label') ?? ''");

    private static async Task<int[]> IdsAsync(IPage page) =>
        [.. (await page.Locator("#clients-rows td.id").AllTextContentsAsync()).Select(id => int.Parse(id, CultureInfo.InvariantCulture))];
}
