using System.Net;
using System.Text.RegularExpressions;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>Behind a real nginx on the same machine, as people set it up.</summary>
[Needs(Need.Nginx)]
public sealed partial class BehindNginxTests : ServiceTests
{
    [Theory]
    [InlineData("")] // nginx's own: HTTP/1.0, and the host of proxy_pass
    [InlineData("proxy_http_version 1.1; proxy_set_header X-Real-IP $remote_addr;")]
    [InlineData("proxy_http_version 1.1; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;")]
    [InlineData("proxy_http_version 1.1; proxy_set_header Host echo.example;")]
    public async Task ACallThatWasPassedOnIsNotLoopback(string options)
    {
        var host = await StartAsync("ForwardedHeaders_Enabled=true");
        await using var nginx = await Nginx.StartAsync($"location / {{ proxy_pass http://localhost:{host.ManagementUri.Port}; {options} }}");
        using var api = new ApiClient(nginx.Address);
        (await api.SendAsync(HttpMethod.Get, "/livez")).ShouldBe(HttpStatusCode.OK);
        (await api.DeleteAsync("/clients/999")).ShouldBeProblem(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task PageAndSwaggerWorkUnderAPrefixThatIsStripped()
    {
        var host = await StartAsync();
        await using var nginx = await Nginx.StartAsync($"location /tools/echo/ {{ proxy_pass http://{host.ManagementUri.Authority}/; }}");
        using var api = new ApiClient(nginx.Address);
        var root = new Uri(nginx.Address, "/tools/echo/");
        var seen = new HashSet<Uri>();
        await FollowAsync(root);
        await FollowAsync(new Uri(root, "swagger/index.html"));
        seen.ShouldContain(new Uri(root, "assets/clients.js"));
        seen.ShouldContain(new Uri(root, "swagger/swagger-ui-bundle.js"));

        // What Swagger UI loads is named in its script, and what it calls in the document, relative to where that is.
        var script = await api.GetAsync(new Uri(root, "swagger/index.js").AbsolutePath);
        var document = new Uri(new Uri(root, "swagger/index.html"), DocumentUrl().Match(script.Text).Groups[1].Value);
        var server = (await api.GetAsync(document.AbsolutePath)).ShouldBe(HttpStatusCode.OK).GetProperty("servers")[0].GetProperty("url").GetString();
        (await api.GetAsync(new Uri($"{new Uri(document, server).AbsoluteUri.TrimEnd('/')}/livez").AbsolutePath)).ShouldBe(HttpStatusCode.OK);

        async Task FollowAsync(Uri page)
        {
            if (!seen.Add(page))
            {
                return;
            }

            var answer = await api.SendAsync(HttpMethod.Get, page.AbsolutePath);
            if (answer.Headers.Location is { } location)
            {
                await FollowAsync(new Uri(page, location));
                return;
            }

            answer.Status.ShouldBe(HttpStatusCode.OK, page.AbsolutePath);
            if (page.AbsolutePath.Contains("/swagger/", StringComparison.Ordinal) && !page.AbsolutePath.EndsWith(".html", StringComparison.Ordinal))
            {
                return;
            }

            answer.Text.ShouldNotMatch("""(fetch|follow|get|change)\((?:'[A-Z]+', )?['"`]/""", page.AbsolutePath);
            foreach (Match link in Link().Matches(answer.Text))
            {
                var target = new Uri(page, link.Groups[1].Value);
                // A stream does not end, and a fragment is of this page.
                if (!target.AbsolutePath.EndsWith("/events", StringComparison.Ordinal) && !link.Groups[1].Value.StartsWith('#'))
                {
                    await FollowAsync(target);
                }
            }
        }
    }

    [GeneratedRegex("""(?:(?:href|src)=|from )["']([^"']+)["']""")]
    private static partial Regex Link();

    [GeneratedRegex("""(?:"url"|\\"url\\"|url)\\?"?:\s*\\?"([^"\\]*openapi/v1\.json)""")]
    private static partial Regex DocumentUrl();
}
