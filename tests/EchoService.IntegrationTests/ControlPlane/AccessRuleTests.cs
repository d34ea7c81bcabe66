using System.Net;
using System.Net.Http.Headers;
using EchoService.ControlPlane.Access;
using EchoService.IntegrationTests.Infrastructure;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>
/// Each clause of the rule. The call is the close of a client that is not there: whoever may make it is told so (404),
/// whoever may not never learns (401, 403).
/// </summary>
public sealed class AccessRuleTests : ServiceTests
{
    private const string Nobody = "/clients/999";
    private const string Key = "correct-horse-battery-staple";

    private static readonly IPAddress Elsewhere = IPAddress.Parse("127.0.0.2");

    [Theory]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("http://[::1]:0")]
    [InlineData("http://*:0")] // dual stack: the peer is ::ffff:127.0.0.1, which is 127.0.0.1
    public async Task LoopbackMayWithoutAKey(string url)
    {
        var host = await StartAsync($"urls={url}");
        using var api = new ApiClient(Callable(host.ManagementUri));
        (await api.DeleteAsync(Nobody)).ShouldBeProblem(HttpStatusCode.NotFound);
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task AnyOtherPeerMayNot()
    {
        var host = await StartAsync("urls=http://*:0");
        using var api = new ApiClient(Callable(host.ManagementUri), Elsewhere);
        var problem = (await api.DeleteAsync(Nobody)).ShouldBeProblem(HttpStatusCode.Forbidden);
        var detail = problem.Json.GetProperty("detail").GetString()!;
        detail.ShouldContain("127.0.0.2");
        detail.ShouldContain("Management:ApiKey");
        detail.ShouldContain("Authorization: Bearer");
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task IsAppliedBeforeAnythingOfTheRequestIsRead()
    {
        var host = await StartAsync();
        using var api = new ApiClient(host.ManagementUri, Elsewhere);
        (await api.DeleteAsync("/clients/1?mode=nonsense")).ShouldBeProblem(HttpStatusCode.Forbidden);
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task ReadingIsOpenToWhoeverReachesThePort()
    {
        var host = await StartAsync($"Management:ApiKey={Key}");
        using var api = new ApiClient(host.ManagementUri, Elsewhere);
        foreach (var path in (string[])["/stats", "/clients", "/livez", "/readyz", "/openapi/v1.json"])
        {
            var response = await api.SendAsync(HttpMethod.Get, path, request =>
            {
                request.Headers.Host = "echo.example";
                request.Headers.Add("X-Forwarded-For", "192.0.2.7");
            });
            response.Status.ShouldBe(HttpStatusCode.OK);
        }
    }

    [Theory]
    [InlineData("Forwarded", "for=192.0.2.7")]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Forwarded-Proto", "http")]
    [InlineData("X-Forwarded-Host", "localhost")]
    [InlineData("x-forwarded-anything", "1")]
    [InlineData("Via", "1.1 sidecar")]
    [InlineData("X-Real-IP", "127.0.0.1")]
    [InlineData("X-Original-For", "127.0.0.1:1")]
    [InlineData("X-Client-IP", "127.0.0.1")]
    [InlineData("True-Client-IP", "127.0.0.1")]
    [InlineData("CF-Connecting-IP", "127.0.0.1")]
    [InlineData("X-Cluster-Client-Ip", "127.0.0.1")]
    [InlineData("X-Envoy-External-Address", "127.0.0.1")]
    [InlineData("X-Forwarded", "for=127.0.0.1")]
    [InlineData("Fastly-Client-IP", "127.0.0.1")]
    [InlineData("X-Amzn-Trace-Id", "Root=1")]
    [InlineData("Proxy-Client-IP", "127.0.0.1")]
    [InlineData("Host", "echo.example")]
    [InlineData("Host", "localhost.example")]
    [InlineData("Host", "127.0.0.1.example")]
    [InlineData("Host", "127.0.0.2")]
    [InlineData("Host", "[::2]:80")]
    [InlineData("Origin", "http://site.example")]
    [InlineData("Origin", "http://localhost:1")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Sec-Fetch-Site", "same-site")]
    public async Task ASignOfSomebodyElseIsNotLoopback(string header, string value)
    {
        var host = await StartAsync();
        using var api = new ApiClient(host.ManagementUri);
        (await DeleteAsync(api, header, value)).ShouldBeProblem(HttpStatusCode.Forbidden);
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task TheSocketsPeerCountsAndNotWhatMiddlewareTakesForIt()
    {
        // What ASPNETCORE_FORWARDEDHEADERS_ENABLED sets.
        var host = await StartAsync("FORWARDEDHEADERS_ENABLED=true");
        using var api = new ApiClient(host.ManagementUri, Elsewhere);
        (await DeleteAsync(api, "X-Forwarded-For", "127.0.0.1")).ShouldBeProblem(HttpStatusCode.Forbidden)
            .Json.GetProperty("detail").GetString()!.ShouldContain("came from 127.0.0.2");
    }

    [Fact]
    public async Task AnOldProtocolIsAProxys()
    {
        var host = await StartAsync();
        using var api = new ApiClient(host.ManagementUri);
        var response = await api.SendAsync(HttpMethod.Delete, Nobody, request => request.Version = HttpVersion.Version10);
        response.ShouldBeProblem(HttpStatusCode.Forbidden).Json.GetProperty("detail").GetString()!.ShouldContain("HTTP/1.0");
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task WhoTriesKeysIsToldToWaitAndTheOwnerIsNot()
    {
        var host = await StartAsync($"Management:ApiKey={Key}");
        using var here = new ApiClient(host.ManagementUri);
        using var elsewhere = new ApiClient(host.ManagementUri, Elsewhere);
        for (var i = 0; i < WrongKeys.Allowed; i++)
        {
            (await DeleteAsync(here, "Authorization", $"Bearer {Key}{i}")).ShouldBeProblem(HttpStatusCode.Unauthorized);
        }

        var refused = await DeleteAsync(here, "Authorization", $"Bearer {Key}0");
        refused.ShouldBeProblem(HttpStatusCode.TooManyRequests);
        refused.Headers.RetryAfter!.Delta!.Value.ShouldBeInRange(TimeSpan.FromSeconds(1), WrongKeys.Period);
        (await DeleteAsync(here, "Authorization", $"Bearer {Key}")).ShouldBeProblem(HttpStatusCode.NotFound);
        (await here.DeleteAsync(Nobody)).ShouldBeProblem(HttpStatusCode.Unauthorized);
        (await DeleteAsync(elsewhere, "Authorization", $"Bearer {Key}0")).ShouldBeProblem(HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task ATlsOriginIsNotThisPlainOne()
    {
        var host = await StartAsync();
        using var api = new ApiClient(host.ManagementUri);
        (await DeleteAsync(api, "Origin", $"https://127.0.0.1:{host.ManagementUri.Port}")).ShouldBeProblem(HttpStatusCode.Forbidden);
    }

    [Theory]
    [InlineData("Host", "localhost")]
    [InlineData("Host", "LocalHost:8080")]
    [InlineData("Host", "127.0.0.1:1")]
    [InlineData("Host", "[::1]:8080")]
    [InlineData("Origin", "http://127.0.0.1:PORT")]
    [InlineData("Sec-Fetch-Site", "same-origin")]
    [InlineData("Sec-Fetch-Site", "none")]
    public async Task APageOfOurOwnIsLoopback(string header, string value)
    {
        var host = await StartAsync();
        using var api = new ApiClient(host.ManagementUri);
        (await DeleteAsync(api, header, value.Replace("PORT", $"{host.ManagementUri.Port}", StringComparison.Ordinal))).ShouldBeProblem(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer wrong")]
    [InlineData("Bearer correct-horse-battery-stapl")]
    [InlineData("Bearer correct-horse-battery-staple2")]
    [InlineData("Bearer CORRECT-HORSE-BATTERY-STAPLE")]
    [InlineData("Basic correct-horse-battery-staple")]
    [InlineData("correct-horse-battery-staple")]
    public async Task WithAKeySetEvenLoopbackNeedsIt(string? authorization)
    {
        var host = await StartAsync($"Management:ApiKey={Key}");
        using var api = new ApiClient(host.ManagementUri);
        var problem = authorization is null ? await api.DeleteAsync(Nobody) : await DeleteAsync(api, "Authorization", authorization);
        problem.ShouldBeProblem(HttpStatusCode.Unauthorized);
        problem.Headers.WwwAuthenticate.ShouldBe([new AuthenticationHeaderValue("Bearer")]);
        problem.Text.ShouldNotContain(Key);
    }

    [Theory]
    [Needs(Need.Loopbacks)]
    [InlineData("Bearer correct-horse-battery-staple")]
    [InlineData("bearer correct-horse-battery-staple")]
    public async Task WhoHasTheKeyMayFromAnywhere(string authorization)
    {
        var host = await StartAsync($"Management:ApiKey={Key}");
        using var api = new ApiClient(host.ManagementUri, Elsewhere);
        var response = await api.SendAsync(HttpMethod.Delete, Nobody, request =>
        {
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
            request.Headers.Host = "echo.example";
            request.Headers.Add("X-Forwarded-For", "192.0.2.7");
        });
        response.ShouldBeProblem(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("\n")]
    [InlineData("\r\n")]
    [InlineData("")]
    public async Task TheKeyMayBeInAFile(string end)
    {
        var path = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(path, Key + end, TestContext.Current.CancellationToken);
            var host = await StartAsync($"Management:ApiKeyFile={path}");
            using var api = new ApiClient(host.ManagementUri);
            (await api.DeleteAsync(Nobody)).ShouldBeProblem(HttpStatusCode.Unauthorized);
            (await DeleteAsync(api, "Authorization", $"Bearer {Key}")).ShouldBeProblem(HttpStatusCode.NotFound);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    [Needs(Need.Loopbacks)]
    public async Task HoldsForEveryOperationThatChangesSomething()
    {
        var host = await StartAsync();
        using var here = new ApiClient(host.ManagementUri);
        using var elsewhere = new ApiClient(host.ManagementUri, Elsewhere);
        var document = (await here.GetAsync("/openapi/v1.json")).Json;
        var changing =
            from path in document.GetProperty("paths").EnumerateObject()
            from operation in path.Value.EnumerateObject()
            where operation.Name != "get"
            select (Method: HttpMethod.Parse(operation.Name), Path: path.Name.Replace("{id}", "1", StringComparison.Ordinal));
        changing.ShouldNotBeEmpty();
        foreach (var (method, path) in changing)
        {
            (await elsewhere.SendAsync(method, path)).ShouldBeProblem(HttpStatusCode.Forbidden);
        }
    }

    private static Task<ApiResponse> DeleteAsync(ApiClient api, string header, string value) =>
        api.SendAsync(HttpMethod.Delete, Nobody, request => request.Headers.TryAddWithoutValidation(header, value).ShouldBeTrue());

    /// <summary>An address that a client can connect to, where the service listens on all of them.</summary>
    private static Uri Callable(Uri address) =>
        address.Host == "[::]" ? new UriBuilder(address) { Host = "127.0.0.1" }.Uri : address;
}
