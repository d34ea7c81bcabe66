using System.Net;
using System.Text.RegularExpressions;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>How the page at <c>/</c> is served; what it does is tested in a browser.</summary>
public sealed partial class StatusPageTests : ApiTests
{
    [Fact]
    public async Task IsServedWithAllThatItNeedsAndNothingFromElsewhere()
    {
        var seen = new HashSet<string>();
        var wanted = new Queue<string>(["/"]);
        while (wanted.TryDequeue(out var path))
        {
            if (!seen.Add(path))
            {
                continue;
            }

            var response = await Api.GetAsync(path);
            response.Status.ShouldBe(HttpStatusCode.OK, path);
            var policy = response.Headers.GetValues("Content-Security-Policy").Single();
            policy.ShouldStartWith("default-src 'none'; script-src 'self'; style-src 'self';");
            policy.ShouldContain("require-trusted-types-for 'script'");
            policy.ShouldNotContain("unsafe");
            response.Headers.GetValues("X-Content-Type-Options").Single().ShouldBe("nosniff");
            response.ContentType.ShouldBe(Path.GetExtension(path) switch
            {
                ".js" => "text/javascript",
                ".css" => "text/css",
                ".svg" => "image/svg+xml",
                _ => "text/html",
            });
            if (path == "/")
            {
                response.Text.ShouldNotContain("=\"http");
                response.Text.ShouldNotContain(" style=");
                response.Text.ShouldNotContain("<style");
                InlineScript().IsMatch(response.Text).ShouldBeFalse();
            }

            foreach (Match match in Asset().Matches(response.Text))
            {
                wanted.Enqueue($"/assets/{match.Groups[1].Value}");
            }
        }

        seen.Count.ShouldBeGreaterThan(10);
        seen.ShouldContain("/assets/style.css");
        seen.ShouldContain("/assets/clients.js");
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/assets/style.css")]
    public async Task IsAskedForAnewAndSentOnlyWhenItHasChanged(string path)
    {
        var first = await Api.GetAsync(path);
        first.Headers.CacheControl!.NoCache.ShouldBeTrue();
        var tag = first.Headers.ETag.ShouldNotBeNull();

        var again = await Api.SendAsync(HttpMethod.Get, path, request => request.Headers.IfNoneMatch.Add(tag));
        again.Status.ShouldBe(HttpStatusCode.NotModified);
        again.Text.ShouldBeEmpty();

        var other = await Api.SendAsync(HttpMethod.Get, path, request => request.Headers.IfNoneMatch.Add(new("\"other\"")));
        other.Status.ShouldBe(HttpStatusCode.OK);

        var head = await Api.SendAsync(HttpMethod.Head, path);
        head.Status.ShouldBe(HttpStatusCode.OK);
        head.Text.ShouldBeEmpty();
        head.Headers.ETag.ShouldBe(tag);
    }

    [Fact]
    public async Task IsNoApi()
    {
        (await Api.DeleteAsync("/")).Status.ShouldBe(HttpStatusCode.MethodNotAllowed);
        (await Api.GetAsync("/assets/missing.js")).Status.ShouldBe(HttpStatusCode.NotFound);
        (await Api.GetAsync("/openapi/v1.json")).Text.ShouldNotContain("/assets/");
    }

    [GeneratedRegex("""(?:assets/|\./)([a-z]+\.(?:js|css|svg))""")]
    private static partial Regex Asset();

    [GeneratedRegex("""<script(?! type="module" src="assets/app.js"></script>)| on[a-z]+=""")]
    private static partial Regex InlineScript();
}
