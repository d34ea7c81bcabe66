using System.Net;
using System.Text;

namespace EchoService.IntegrationTests.ControlPlane;

public sealed class BadInputTests : ApiTests
{
    [Theory]
    [InlineData("/clients?limit=0", "limit")]
    [InlineData("/clients?limit=1001", "limit")]
    [InlineData("/clients?limit=-1", "limit")]
    [InlineData("/clients?limit=many", "limit")]
    [InlineData("/clients?limit=1.5", "limit")]
    [InlineData("/clients?limit=", "limit")]
    [InlineData("/clients?limit", "limit")]
    [InlineData("/clients?limit=99999999999999999999999", "limit")]
    [InlineData("/clients?limit=1&limit=2", "limit")]
    [InlineData("/clients?limit=0x10", "limit")]
    [InlineData("/clients?limit=%00", "limit")]
    [InlineData("/clients?state=gone", "state")]
    [InlineData("/clients?state=0", "state")]
    [InlineData("/clients?state=open,closing", "state")]
    [InlineData("/clients?remote=localhost", "remote")]
    [InlineData("/clients?remote=10.0.0.0/33", "remote")]
    [InlineData("/clients?remote=10.0.0.0/-1", "remote")]
    [InlineData("/clients?remote=10.0.0", "remote")]
    [InlineData("/clients?remote=1", "remote")]
    [InlineData("/clients?remote=%5B::1%5D:80", "remote")]
    [InlineData("/clients?minAgeSeconds=-1", "minAgeSeconds")]
    [InlineData("/clients?minAgeSeconds=NaN", "minAgeSeconds")]
    [InlineData("/clients?minAgeSeconds=1e300", "minAgeSeconds")]
    [InlineData("/clients?minIdleSeconds=Infinity", "minIdleSeconds")]
    [InlineData("/clients?minIdleSeconds=00:00:05", "minIdleSeconds")]
    [InlineData("/clients?minPendingBytes=-1", "minPendingBytes")]
    [InlineData("/clients?minPendingBytes=9223372036854775808", "minPendingBytes")]
    [InlineData("/clients?sort=size", "sort")]
    [InlineData("/clients?sort=--id", "sort")]
    [InlineData("/clients?sort=0", "sort")]
    [InlineData("/clients?cursor=", "cursor")]
    [InlineData("/clients?cursor=abc", "cursor")]
    [InlineData("/clients?cursor=%FF%FE", "cursor")]
    [InlineData("/clients?cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAA", "cursor")]
    [InlineData("/clients?colour=red", "colour")]
    [InlineData("/clients/1?verbose=true", "verbose")]
    [InlineData("/stats?pretty", "pretty")]
    public async Task NamesTheParameter(string path, string parameter)
    {
        var problem = (await Api.GetAsync(path)).ShouldBeProblem(HttpStatusCode.BadRequest);
        var error = problem.Json.GetProperty("errors").EnumerateObject().Single();
        error.Name.ShouldBe(parameter);
        error.Value[0].GetString().ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task NamesAllParametersAtOnce()
    {
        var problem = (await Api.GetAsync("/clients?limit=0&sort=x&nonsense=1")).ShouldBeProblem(HttpStatusCode.BadRequest);
        problem.Json.GetProperty("errors").EnumerateObject().Select(error => error.Name).ShouldBe(["limit", "sort", "nonsense"]);
    }

    [Fact]
    public async Task ACursorIsOfOneOrder()
    {
        var clients = await Host.ConnectAllAsync(2);
        var cursor = (await Api.GetAsync("/clients?sort=idle&limit=1")).Json.GetProperty("next").GetString();
        (await Api.GetAsync($"/clients?sort=idle&limit=1&cursor={cursor}")).ShouldBe(HttpStatusCode.OK);
        foreach (var sort in (string[])["id", "-idle", "age"])
        {
            (await Api.GetAsync($"/clients?sort={sort}&limit=1&cursor={cursor}")).ShouldBeProblem(HttpStatusCode.BadRequest)
                .Json.GetProperty("errors").GetProperty("cursor")[0].GetString().ShouldNotBeNullOrEmpty();
        }

        foreach (var client in clients)
        {
            client.Dispose();
        }
    }

    [Fact]
    public async Task NoChangeToACursorMakesTheServiceFail()
    {
        var clients = await Host.ConnectAllAsync(2);
        var cursor = (await Api.GetAsync("/clients?limit=1")).Json.GetProperty("next").GetString()!;
        for (var i = 0; i < cursor.Length; i++)
        {
            foreach (var replacement in "A_-9=")
            {
                var changed = cursor[..i] + replacement + cursor[(i + 1)..];
                (await Api.GetAsync($"/clients?limit=1&cursor={changed}")).Status.ShouldBeOneOf(HttpStatusCode.OK, HttpStatusCode.BadRequest);
            }

            (await Api.GetAsync($"/clients?limit=1&cursor={cursor[..i]}")).ShouldBeProblem(HttpStatusCode.BadRequest);
        }

        foreach (var client in clients)
        {
            client.Dispose();
        }
    }

    [Theory]
    [InlineData("GET", "/nowhere")]
    [InlineData("GET", "/clients/one")]
    [InlineData("GET", "/clients/0")]
    [InlineData("GET", "/clients/-1")]
    [InlineData("GET", "/clients/99999999999999999999")]
    [InlineData("GET", "/clients/1/2")]
    [InlineData("DELETE", "/clients/12345")]
    [InlineData("DELETE", "/clients/99999999999999999999")]
    public async Task NobodyIsThere(string method, string path) =>
        (await Api.SendAsync(HttpMethod.Parse(method), path)).ShouldBeProblem(HttpStatusCode.NotFound);

    [Theory]
    [InlineData("POST", "/stats")]
    [InlineData("DELETE", "/stats")]
    [InlineData("PUT", "/clients")]
    [InlineData("POST", "/livez")]
    [InlineData("BREW", "/readyz")]
    [InlineData("PATCH", "/clients/1")]
    [InlineData("DELETE", "/clients/close")]
    [InlineData("PUT", "/drain")]
    public async Task RefusesOtherMethods(string method, string path)
    {
        var response = await Api.SendAsync(HttpMethod.Parse(method), path, request => request.Content = new StringContent("{}", Encoding.UTF8, "application/json"));
        response.ShouldBeProblem(HttpStatusCode.MethodNotAllowed);
    }

    [Theory]
    [InlineData("/clients/1?mode=hard", "mode")]
    [InlineData("/clients/1?mode=1", "mode")]
    [InlineData("/clients/1?force", "force")]
    public async Task NamesTheParameterOfAClose(string path, string parameter)
    {
        var problem = (await Api.DeleteAsync(path)).ShouldBeProblem(HttpStatusCode.BadRequest);
        problem.Json.GetProperty("errors").EnumerateObject().Single().Name.ShouldBe(parameter);
    }

    [Theory]
    [InlineData("text/html")]
    [InlineData("text/plain")]
    [InlineData("image/*")]
    [InlineData("nonsense")]
    public async Task AProblemIsAProblemWhateverIsAccepted(string accept) =>
        (await Api.SendAsync(HttpMethod.Get, "/nowhere", request => request.Headers.TryAddWithoutValidation("Accept", accept))).ShouldBeProblem(HttpStatusCode.NotFound);

    [Theory]
    [InlineData("[]", "")]
    [InlineData("\"percent\"", "")]
    [InlineData("null", "")]
    [InlineData("", "")]
    [InlineData("{", "")]
    [InlineData("{}}", "")]
    [InlineData("{'percent':5}", "")]
    [InlineData("{\"percent\":\"5\"}", "$.percent")]
    [InlineData("{\"percent\":1e999}", "")]
    [InlineData("{\"percent\":NaN}", "$.percent")]
    [InlineData("{\"percent\":5,\"percent\":50}", "$.percent")]
    [InlineData("{\"Percent\":5}", "$.Percent")]
    [InlineData("{\"percent\":5,\"dryrun\":true}", "$.dryrun")]
    [InlineData("{\"percent\":5,\"mode\":\"hard\"}", "$.mode")]
    [InlineData("{\"percent\":5,\"mode\":1}", "$.mode")]
    [InlineData("{\"percent\":5,\"remote\":[\"10.0.0.1\"]}", "$.remote")]
    public async Task RefusesABodyThatIsNoneOfItsOwn(string body, string at)
    {
        var problem = (await PostAsync("/clients/close", new StringContent(body, Encoding.UTF8, "application/json"))).ShouldBeProblem(HttpStatusCode.BadRequest);
        // What is wrong is said in the caller's words; our types are none of them.
        problem.Text.ShouldNotContain("EchoService");
        problem.Text.ShouldNotContain("CloseClientsBody");
        if (problem.Json.TryGetProperty("detail", out var detail))
        {
            detail.GetString()!.ShouldContain(at);
        }
    }

    [Fact]
    public async Task RefusesEveryBodyThatIsTooLargeOrNoJson()
    {
        var document = (await Api.GetAsync("/openapi/v1.json")).Json;
        var paths = document.GetProperty("paths").EnumerateObject()
            .Where(path => path.Value.TryGetProperty("post", out var post) && post.TryGetProperty("requestBody", out _))
            .Select(path => path.Name)
            .ToArray();
        paths.ShouldBe(["/clients/close", "/drain", "/faults"], ignoreOrder: true);
        var huge = $"{{\"remote\":\"{new string('1', 20_000)}\"}}";
        foreach (var path in paths)
        {
            (await PostAsync(path, new StringContent(huge, Encoding.UTF8, "application/json"))).ShouldBeProblem(HttpStatusCode.RequestEntityTooLarge);
            (await PostAsync(path, new StringContent("{}", Encoding.UTF8, "text/plain"))).ShouldBeProblem(HttpStatusCode.UnsupportedMediaType);
            (await PostAsync(path, new FormUrlEncodedContent([KeyValuePair.Create("percent", "5")]))).ShouldBeProblem(HttpStatusCode.UnsupportedMediaType);
            (await PostAsync(path, new ByteArrayContent([0x7B, 0x22, 0xFF, 0xFE, 0x22, 0x3A, 0x31, 0x7D]) { Headers = { ContentType = new("application/json") } }))
                .ShouldBeProblem(HttpStatusCode.BadRequest);
            (await PostAsync(path, new StringContent("{\"nonsense\":1}", Encoding.UTF8, "application/json"))).ShouldBeProblem(HttpStatusCode.BadRequest)
                .Json.GetProperty("detail").GetString()!.ShouldContain("$.nonsense");
        }
    }

    private Task<ApiResponse> PostAsync(string path, HttpContent content) =>
        Api.SendAsync(HttpMethod.Post, path, request => request.Content = content);
}
