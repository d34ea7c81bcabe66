using System.Net;
using System.Net.Http.Json;
using Deque.AxeCore.Playwright;
using EchoService.ControlPlane.Faults;
using EchoService.IntegrationTests.Infrastructure;
using EchoService.Transport.Faults;
using Microsoft.Playwright;

namespace EchoService.IntegrationTests.StatusPage;

/// <summary>Faults from the page: seen, begun, ended, refused.</summary>
public sealed class FaultPageTests(Browser browser) : PageTests(browser)
{
    [Fact]
    public async Task OneIsBegunShownCountedDownAndEnded()
    {
        var service = await StartFaultyAsync();
        var page = await OpenAsync(service.ManagementUri);
        var client = await ConnectAsync(service);
        await client.EchoAsync(100);
        await SaysAsync(Text(page), "None is on.");

        await Button(page, "Begin a fault…").ClickAsync();
        await Form(page).GetByLabel("Kind").SelectOptionAsync("stall");
        await Form(page).GetByLabel("Share").FillAsync("100");
        await Form(page).GetByLabel("Ends after").FillAsync("600");
        await Button(Form(page), "Begin").ClickAsync();

        var row = Fault(page, "Stall");
        await SaysAsync(Toast(page), "Fault 1, Stall, has begun.");
        await SaysAsync(page.Locator("#faults-heading"), "1 fault is on");
        await SaysAsync(page.Locator("#faults-live"), "1 fault is on.");
        await SaysAsync(row, "all connections");
        await SaysAsync(row, "holds 1 connection");
        await SaysAsync(row, "9 m 5");
        var left = await row.Locator(".fault-time p").TextContentAsync();
        await Eventually.TrueAsync(async () => await row.Locator(".fault-time p").TextContentAsync() != left);
        await SaysAsync(Cell(Row(page, client), "State"), "Fault 1");
        await BecomesTrueAsync(page, "document.title.includes('1 fault')");
        await client.SendAsync(500);

        await Button(row, "End fault 1, Stall").ClickAsync();

        await client.ReceiveAsync(500);
        await GoneAsync(row);
        await SaysAsync(Text(page), "None is on.");
        await SaysAsync(page.Locator("#faults-live"), "No fault is on.");
        await BecomesTrueAsync(page, "document.activeElement.id === 'faults-begin'");
        await client.EchoAsync(100);
    }

    [Fact]
    public async Task WhatOthersBeginIsShownInWordsAndAllEndAtOnce()
    {
        var service = await StartFaultyAsync("Echo:Udp:Enabled=true");
        var page = await OpenAsync(service.ManagementUri);
        await SaysAsync(page.Locator("#phase-text"), "Ready. New clients are accepted.");
        await BeginAsync(service, new { kind = "delay", durationSeconds = 600, milliseconds = 250, jitterMilliseconds = 50, percent = 25, remote = "10.0.0.0/8", connections = "new", seed = 7 });
        await BeginAsync(service, new { kind = "refuse", durationSeconds = 600 });
        await BeginAsync(service, new { kind = "unready", durationSeconds = 600 });
        await BeginAsync(service, new { kind = "udpDrop", durationSeconds = 600 });

        await SaysAsync(page.Locator("#faults-heading"), "4 faults are on");
        await SaysAsync(Fault(page, "Delay"), "by 250 ms and up to 50 ms more · 25 % of new connections from 10.0.0.0/8 · seed 7");
        await SaysAsync(Fault(page, "UDP drop"), "0 datagrams so far");
        await SaysAsync(page.Locator("#phase-text"), "A fault has it say that it is not ready. A fault refuses new clients.");

        await Button(page, "End all").ClickAsync();

        await SaysAsync(Toast(page), "4 faults have ended.");
        await HiddenAsync(page.Locator("#faults-list"));
        await SaysAsync(page.Locator("#phase-text"), "Ready. New clients are accepted.");
        await (await ConnectAsync(service)).EchoAsync(100);
    }

    [Fact]
    public async Task OneThatHasExpiredIsGoneFromThePage()
    {
        var service = await StartFaultyAsync();
        var page = await OpenAsync(service.ManagementUri);
        await SaysAsync(Text(page), "None is on.");
        await BeginAsync(service, new { kind = "keepOpen", durationSeconds = 2 });
        await SaysAsync(Fault(page, "Keep open"), "left");
        await GoneAsync(Fault(page, "Keep open"));
        await SaysAsync(Text(page), "None is on.");
    }

    [Fact]
    public async Task WhatIsWrongIsSaidBesideTheField()
    {
        var service = await StartFaultyAsync();
        var page = await OpenAsync(service.ManagementUri);
        await Button(page, "Begin a fault…").ClickAsync();
        var form = Form(page);
        await form.GetByLabel("Later by").FillAsync("");
        await form.GetByLabel("Clients from").FillAsync("10.0.0");
        await form.GetByLabel("Ends after").FillAsync("3601");
        await Button(form, "Begin").ClickAsync();
        await SaysAsync(page.Locator("#fault-milliseconds-error"), "Must be given for delay.");
        await SaysAsync(page.Locator("#fault-remote-error"), "10.0.0");
        await SaysAsync(page.Locator("#fault-durationSeconds-error"), "3600");
        (await page.EvaluateAsync<string>("document.activeElement.name")).ShouldBe("milliseconds");
        (await form.GetByLabel("Clients from").GetAttributeAsync("aria-invalid")).ShouldBe("true");
        (await form.Locator(".dialog-error").TextContentAsync()).ShouldBe("");

        // Another kind: its fields begin without complaints, and a number that is none is not even sent.
        await form.GetByLabel("Kind").SelectOptionAsync("corrupt");
        (await page.Locator("#fault-remote-error").TextContentAsync()).ShouldBe("");
        await form.GetByLabel("Every so many bytes").FillAsync("1.5");
        await form.GetByLabel("Clients from").FillAsync("");
        await form.GetByLabel("Ends after").FillAsync("600");
        await Button(form, "Begin").ClickAsync();
        await SaysAsync(page.Locator("#fault-everyBytes-error"), "Must be a whole number.");
        await form.GetByLabel("Every so many bytes").FillAsync("10");
        await Button(form, "Begin").ClickAsync();
        await SaysAsync(Fault(page, "Corrupt"), "one byte of every 10 · all connections");

        // What is about no field is said below.
        await BeginAsync(service, new { kind = "refuse", durationSeconds = 600 });
        await Button(page, "Begin a fault…").ClickAsync();
        await form.GetByLabel("Kind").SelectOptionAsync("noAccept");
        await Button(form, "Begin").ClickAsync();
        await SaysAsync(form.Locator(".dialog-error"), "about the listener too");
    }

    [Fact]
    public async Task WhereFaultsAreOffItSaysSoAndHowToTurnThemOn()
    {
        var service = await StartAsync();
        var page = await OpenAsync(service.ManagementUri);
        await SaysAsync(Text(page), "Start the service with Faults:Enabled=true");
        (await Button(page, "Begin a fault…").IsDisabledAsync()).ShouldBeTrue();
        (await Button(page, "Begin a fault…").GetAttributeAsync("aria-describedby")).ShouldBe("faults-text");
    }

    [Fact]
    public async Task WhoMayNotIsToldWhy()
    {
        var service = await StartFaultyAsync("Management:ApiKey=a-key-of-the-tests-0123456789");
        var page = await OpenAsync(service.ManagementUri);
        await Button(page, "Begin a fault…").ClickAsync();
        await Button(Form(page), "Begin").ClickAsync();
        await Button(Dialog(page, "API key"), "Cancel").ClickAsync();
        await SaysAsync(Form(page).Locator(".dialog-error"), "The fault was not begun.");

        var open = await StartFaultyAsync();
        var elsewhere = await OpenAsync(new UriBuilder(open.ManagementUri) { Host = "echo.test" }.Uri);
        await Button(elsewhere, "Begin a fault…").ClickAsync();
        await Button(Form(elsewhere), "Begin").ClickAsync();
        await SaysAsync(elsewhere.Locator("#forbidden-detail"), "echo.test");
        await Button(Dialog(elsewhere, "Not from here"), "Understood").ClickAsync();
        await SaysAsync(Form(elsewhere).Locator(".dialog-error"), "The fault was not begun.");
    }

    [Fact]
    public async Task TheFormHasEveryKindWithItsParameters()
    {
        var service = await StartFaultyAsync();
        var page = await OpenAsync(service.ManagementUri);
        await Button(page, "Begin a fault…").ClickAsync();
        var options = await page.EvaluateAsync<string[]>("[...document.querySelectorAll('#fault-kind option')].map(option => option.value)");
        options.Order().ShouldBe(FaultKinds.All.Select(FaultBody.Name).Order());
        foreach (var kind in FaultKinds.All)
        {
            var fields = await page.EvaluateAsync<string[]>(
                """
                (kind) => {
                  const select = document.querySelector('#fault-kind');
                  select.value = kind;
                  select.dispatchEvent(new Event('change'));
                  return [...document.querySelectorAll('#fault-dialog [data-field]:not([hidden]) :is(input, select)')].map(input => input.name);
                }
                """,
                FaultBody.Name(kind));
            fields.ShouldBe(FaultParameters.Of(kind).All.Concat(["kind", "durationSeconds"]), ignoreOrder: true, FaultBody.Name(kind));
        }

        (await page.Locator("#fault-kind optgroup").Last.GetAttributeAsync("label")).ShouldBe("Datagrams (Echo:Udp:Enabled is off)");
        (await page.EvaluateAsync<bool>("document.querySelector('#fault-kind optgroup:last-of-type').disabled")).ShouldBeTrue();
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 390)]
    public async Task AxeFindsNothingAndNothingIsWiderThanTheScreen(ColorScheme colors, int width)
    {
        var service = await StartFaultyAsync();
        await BeginAsync(service, new { kind = "delay", durationSeconds = 600, milliseconds = 250, jitterMilliseconds = 50, percent = 25, remote = "2001:db8:1234:5678::/64", connections = "open" });
        await BeginAsync(service, new { kind = "slice", durationSeconds = 3600, bytes = 1_000_000, everyMilliseconds = 60_000 });
        await BeginAsync(service, new { kind = "resetNew", durationSeconds = 60, percent = 0 });
        var page = await OpenAsync(service.ManagementUri, new BrowserNewContextOptions
        {
            BypassCSP = true,
            ColorScheme = colors,
            ReducedMotion = ReducedMotion.Reduce,
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
        });
        await SaysAsync(Fault(page, "Reset new"), "so far");
        await CheckAsync(page, "#faults");
        (await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= innerWidth")).ShouldBeTrue("nothing is wider than the screen");
        await Button(page, "Begin a fault…").ClickAsync();
        await Form(page).GetByLabel("Ends after").FillAsync("0");
        await Button(Form(page), "Begin").ClickAsync();
        await SaysAsync(page.Locator("#fault-durationSeconds-error"), "Must be given");
        await CheckAsync(page, "#fault-dialog");
        (await page.EvaluateAsync<bool>("document.querySelector('#fault-dialog').scrollWidth <= innerWidth")).ShouldBeTrue("nor than the dialog");
    }

    private static ILocator Text(IPage page) => page.Locator("#faults-text");

    private static ILocator Form(IPage page) => Dialog(page, "Begin a fault");

    private static ILocator Fault(IPage page, string name) => page.Locator("#faults-list li", new PageLocatorOptions { Has = page.Locator($"strong:text-is('{name}')") });

    private static async Task BeginAsync(EchoProcess service, object fault)
    {
        using var management = service.OpenManagement();
        using var answer = await management.PostAsJsonAsync("/faults", fault, TestContext.Current.CancellationToken);
        await EchoClient.LeaveSocketThreadAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.Created);
    }

    private static async Task CheckAsync(IPage page, string part) =>
        (await page.Locator(part).RunAxe()).Violations.Select(violation => $"{violation.Id}: {string.Join(' ', violation.Nodes.Select(node => node.Html))}").ShouldBeEmpty();

    private Task<EchoProcess> StartFaultyAsync(params string[] settings) => StartAsync(["Faults:Enabled=true", .. settings]);
}
