using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace EchoService.ControlPlane.Requests;

internal static class EmptyBodyExtensions
{
    /// <summary>
    /// Nothing is nothing, however a client sends it: a request whose body is empty has no body and no type of one.
    /// Before routing, which would refuse the type, as <c>curl -d ''</c> has that of a form.
    /// </summary>
    public static void UseEmptyBodies(this IApplicationBuilder app) => app.Use(static async (context, next) =>
    {
        var request = context.Request;
        if (!HttpMethods.IsGet(request.Method) && await IsEmptyAsync(context))
        {
            request.Headers.Remove(HeaderNames.ContentType);
            context.Features.Set<IHttpRequestBodyDetectionFeature>(NoBody.Instance);
        }

        await next(context);
    });

    private static async ValueTask<bool> IsEmptyAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.ContentLength is { } length)
        {
            return length == 0;
        }

        if (context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody is not true)
        {
            return true;
        }

        // Chunked: only a look tells. What was seen is there to be read again.
        try
        {
            var seen = await request.BodyReader.ReadAsync(context.RequestAborted);
            request.BodyReader.AdvanceTo(seen.Buffer.Start);
            return seen is { IsCompleted: true, Buffer.IsEmpty: true };
        }
        catch (BadHttpRequestException)
        {
            // It is something, and what is wrong with it is for who reads it to say.
            return false;
        }
    }

    private sealed class NoBody : IHttpRequestBodyDetectionFeature
    {
        public static readonly NoBody Instance = new();

        public bool CanHaveBody => false;
    }
}
