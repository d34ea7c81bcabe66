using Microsoft.Net.Http.Headers;

namespace EchoService.ControlPlane.Access;

/// <summary>
/// What browsers are told about every answer: scripts and styles come from here alone, and no other site may frame a
/// page, since a click in it would count as a call from loopback.
/// </summary>
internal static class SecurityHeaders
{
    // Swagger UI has its icons in data: URLs, and one style inline, that of its logo: allowed by hash. Another version of
    // it may have another, and then shows its logo in black.
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='; img-src 'self' data:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void UseSecurityHeaders(this IApplicationBuilder app) => app.Use(static (context, next) =>
    {
        // When the answer begins and not before: whoever handles an exception clears what was set until then.
        context.Response.OnStarting(static state =>
        {
            var headers = ((HttpResponse)state).Headers;
            headers.TryAdd(HeaderNames.ContentSecurityPolicy, Policy);
            headers.TryAdd(HeaderNames.XContentTypeOptions, "nosniff");
            headers.TryAdd("Referrer-Policy", "no-referrer");
            return Task.CompletedTask;
        }, context.Response);
        return next(context);
    });
}
