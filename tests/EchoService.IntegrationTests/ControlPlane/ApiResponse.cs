using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace EchoService.IntegrationTests.ControlPlane;

/// <summary>An answer of the management API, read to its end.</summary>
internal sealed record ApiResponse(HttpStatusCode Status, string? ContentType, HttpResponseHeaders Headers, string Text)
{
    private readonly Lazy<JsonElement> _json = new(() => JsonElement.Parse(Text));

    public JsonElement Json => _json.Value;

    /// <summary>Fails unless this is a problem of RFC 9457 with that status.</summary>
    public ApiResponse ShouldBeProblem(HttpStatusCode status)
    {
        Status.ShouldBe(status, Text);
        ContentType.ShouldBe("application/problem+json");
        Json.GetProperty("status").GetInt32().ShouldBe((int)status);
        Json.GetProperty("title").GetString().ShouldNotBeNullOrEmpty();
        return this;
    }

    /// <summary>Fails unless this is what was asked for.</summary>
    public JsonElement ShouldBe(HttpStatusCode status)
    {
        Status.ShouldBe(status, Text);
        ContentType.ShouldBe("application/json");
        return Json;
    }
}
