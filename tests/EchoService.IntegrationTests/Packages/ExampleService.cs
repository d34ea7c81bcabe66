using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace EchoService.IntegrationTests.Packages;

/// <summary>Answers every request as docs/openapi.json says by example, and notes what was asked.</summary>
internal sealed class ExampleService : HttpMessageHandler
{
    /// <summary>The operations, with the names of the query and the body of each request.</summary>
    public ConcurrentQueue<(ApiOperation Operation, IReadOnlyDictionary<string, string> Query, JsonElement? Body)> Requests { get; } = [];

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var uri = request.RequestUri!;
        var operation = ApiDocument.Find(request.Method.Method, uri.AbsolutePath);
        var query = uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries).Select(pair => pair.Split('=', 2))
            .ToDictionary(pair => pair[0], pair => Uri.UnescapeDataString(pair[1]));
        JsonElement? body = request.Content is null ? null : JsonElement.Parse(await request.Content.ReadAsStringAsync(cancellationToken));
        Requests.Enqueue((operation, query, body));
        var (status, mediaType, example) = operation.Answer;
        return new HttpResponseMessage((HttpStatusCode)status)
        {
            Content = new StringContent(example, Encoding.UTF8, new MediaTypeHeaderValue(mediaType)),
        };
    }
}
