using EchoService.Diagnostics;
using Microsoft.Net.Http.Headers;

namespace EchoService.ControlPlane.Metrics;

/// <summary><c>GET /metrics</c>: what a Prometheus server scrapes.</summary>
internal static class MetricsApi
{
    public static void MapMetrics(this IEndpointRouteBuilder routes) => routes.MapGet("/metrics", GetMetrics)
        .WithName("GetMetrics")
        .WithTags("Metrics")
        .WithSummary("Metrics for Prometheus")
        .WithDescription("Prometheus text 0.0.4, or OpenMetrics 1.0.0 when the Accept header prefers it. The size does not grow with the number of clients.")
        .Produces<string>(StatusCodes.Status200OK, "text/plain", "application/openmetrics-text");

    private static async Task GetMetrics(HttpContext context, PrometheusReader reader)
    {
        var openMetrics = ExpositionFormat.PrefersOpenMetrics(context.Request.Headers.Accept);
        var text = await reader.ScrapeAsync(openMetrics, context.RequestAborted);
        var response = context.Response;
        response.ContentType = openMetrics ? ExpositionFormat.OpenMetrics : ExpositionFormat.PrometheusText;
        response.ContentLength = text.Length;
        response.Headers[HeaderNames.Vary] = HeaderNames.Accept;
        response.Headers[HeaderNames.CacheControl] = "no-store";
        await response.Body.WriteAsync(text, context.RequestAborted);
    }
}
