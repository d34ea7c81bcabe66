using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace EchoService.IntegrationTests.StatusPage;

/// <summary>What others choose stays text, by the page's own doing and by the browser's.</summary>
public sealed class PageSafetyTests(Browser browser) : PageTests(browser)
{
    [Fact]
    public async Task StringsThatOthersChooseStayText()
    {
        const string Hostile = "<img src=x onerror=\"window.broken=1\"><script>window.broken=1</script>";
        var service = await StartAsync();
        using var management = service.OpenManagement();
        var stats = (await management.GetFromJsonAsync<JsonNode>("/stats", TestContext.Current.CancellationToken))!;
        stats["instance"]!["name"] = Hostile;
        stats["instance"]!["version"] = Hostile;
        stats["listeners"]![0]!["endpoint"] = Hostile;
        stats["connections"]!["closed"]![Hostile] = 1;
        var clients = new JsonObject
        {
            ["total"] = 1,
            ["next"] = null,
            ["items"] = new JsonArray(new JsonObject
            {
                ["id"] = 1,
                ["connectedAt"] = Hostile,
                ["ageSeconds"] = 1,
                ["idleSeconds"] = 1,
                ["bytesReceived"] = 1,
                ["bytesSent"] = 1,
                ["pendingBytes"] = 0,
                ["remoteEndPoint"] = Hostile,
                ["peerEndPoint"] = Hostile,
                ["proxied"] = true,
                ["state"] = Hostile,
                ["closeReason"] = Hostile,
            }),
        };
        var page = await OpenAsync(service.ManagementUri, null, async prepared =>
        {
            // A stream that stays, with the same figures every second: an answer that Playwright makes would end.
            await prepared.AddInitScriptAsync($$"""
                globalThis.EventSource = class extends EventTarget {
                  static OPEN = 1;
                  readyState = 1;
                  timer = setInterval(() => this.dispatchEvent(new MessageEvent('stats', { data: JSON.stringify({{stats.ToJsonString()}}) })), 1_000);
                  close() { clearInterval(this.timer); }
                };
                """);
            await prepared.RouteAsync("**/clients?*", route => FulfillAsync(route, 200, clients));
            await prepared.RouteAsync("**/clients/1?*", route => FulfillAsync(route, 409, new JsonObject { ["detail"] = Hostile }));
        });
        await SaysAsync(page.Locator("#instance-name"), Hostile);
        await Row(page, Hostile).WaitForAsync();
        await Row(page, Hostile).GetByRole(AriaRole.Button).ClickAsync();
        await page.Locator("#close-submit").ClickAsync();
        await SaysAsync(page.Locator("#close-dialog").GetByRole(AriaRole.Alert), Hostile);
        (await page.Locator("img").CountAsync()).ShouldBe(1);
        (await page.Locator("script").CountAsync()).ShouldBe(1);
        (await page.EvaluateAsync<bool>("'broken' in window")).ShouldBeFalse();
    }

    [Fact]
    public async Task TheBrowserItselfRefusesMarkupAndScriptsFromStrings()
    {
        var service = await StartAsync();
        var page = await OpenAsync(service.ManagementUri);
        await SaysAsync(Phase(page), "Serving");
        (await page.EvaluateAsync<string>("""
            () => {
              try {
                document.createElement('p').innerHTML = '<b>x</b>';
                return 'taken';
              } catch (error) {
                return error.name;
              }
            }
            """)).ShouldBe("TypeError");
        // What the two attempts above and below made the browser say is no fault of the page.
        try
        {
            await page.EvaluateAsync("""
                () => {
                  const script = document.createElement('p');
                  script.setAttribute('onclick', 'window.broken = 1');
                  script.click();
                }
                """);
        }
        catch (PlaywrightException)
        {
            // It may refuse by throwing.
        }

        (await page.EvaluateAsync<bool>("'broken' in window")).ShouldBeFalse();
        Complaints.ShouldNotBeEmpty();
        Complaints.ShouldAllBe(line => line.Contains("TrustedHTML") || line.Contains("TrustedScript") || line.Contains("Content Security Policy"));
        Complaints.Clear();
    }

    private static Task FulfillAsync(IRoute route, int status, JsonNode body) =>
        route.FulfillAsync(new RouteFulfillOptions { Status = status, ContentType = "application/json", Body = body.ToJsonString() });
}
