using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>What any client of HTTP may count on, whatever it asks for.</summary>
public sealed class HttpClientsTests : ApiTests
{
    public static TheoryData<string, bool> Nothing => new()
    {
        { "", false },
        { "", true },
        { "application/json", false },
        { "application/json", true },
        { "application/x-www-form-urlencoded", false },
        { "application/x-www-form-urlencoded", true },
        { "text/plain", false },
        { "text/plain", true },
        { "application/octet-stream", false },
        { "application/octet-stream", true },
        { "multipart/form-data; boundary=x", false },
    };

    [Theory]
    [InlineData("/")]
    [InlineData("/assets/app.js")]
    [InlineData("/clients")]
    [InlineData("/drain")]
    [InlineData("/events")]
    [InlineData("/healthz")]
    [InlineData("/livez")]
    [InlineData("/metrics")]
    [InlineData("/openapi/v1.json")]
    [InlineData("/readyz")]
    [InlineData("/stats")]
    [InlineData("/swagger/index.html")]
    public async Task HeadIsAnsweredLikeGetWithoutABody(string path)
    {
        var head = await Api.SendAsync(HttpMethod.Head, path);
        head.Status.ShouldBe(HttpStatusCode.OK);
        head.Text.ShouldBeEmpty();
        head.ContentType.ShouldNotBeNull();
    }

    [Fact]
    public async Task HeadOfWhatIsNotThereIsNotFound() =>
        (await Api.SendAsync(HttpMethod.Head, "/clients/999")).Status.ShouldBe(HttpStatusCode.NotFound);

    [Theory]
    [MemberData(nameof(Nothing))]
    public async Task ADrainMayBeAskedForWithNothingInEveryForm(string contentType, bool chunked)
    {
        var response = await Api.SendAsync(HttpMethod.Post, "/drain", request =>
        {
            request.Content = new ByteArrayContent([]);
            request.Content.Headers.ContentType = contentType == "" ? null : MediaTypeHeaderValue.Parse(contentType);
            request.Headers.TransferEncodingChunked = chunked;
        });
        response.Status.ShouldBe(HttpStatusCode.Accepted, response.Text);
        (await Api.DeleteAsync("/drain")).Status.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task AChunkedBodyIsReadWhole()
    {
        var response = await Api.SendAsync(HttpMethod.Post, "/clients/close", request =>
        {
            request.Content = new StringContent("{\"percent\":100,\"dryRun\":true}", Encoding.UTF8, "application/json");
            request.Headers.TransferEncodingChunked = true;
        });
        response.ShouldBe(HttpStatusCode.Accepted).GetProperty("matched").GetInt32().ShouldBe(0);
    }

    [Theory]
    [InlineData("GET", "/nowhere", null, HttpStatusCode.NotFound)]
    [InlineData("PUT", "/drain", null, HttpStatusCode.MethodNotAllowed)]
    [InlineData("GET", "/clients?limit=0", null, HttpStatusCode.BadRequest)]
    [InlineData("POST", "/clients/close", "{", HttpStatusCode.BadRequest)]
    [InlineData("POST", "/drain", "{\"nonsense\":1}", HttpStatusCode.BadRequest)]
    [InlineData("GET", "/livez", null, HttpStatusCode.OK)]
    public async Task EveryAnswerHasTheSecurityHeaders(string method, string path, string? body, HttpStatusCode status)
    {
        var response = await Api.SendAsync(HttpMethod.Parse(method), path, request => request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json"));
        response.Status.ShouldBe(status);
        response.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("frame-ancestors 'none'");
        response.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
        response.Headers.GetValues("Referrer-Policy").ShouldBe(["no-referrer"]);
    }
}
