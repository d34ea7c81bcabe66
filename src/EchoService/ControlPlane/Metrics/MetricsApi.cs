using EchoService.Diagnostics.Export;
using Microsoft.Net.Http.Headers;
using Prometheus;

namespace EchoService.ControlPlane.Metrics;

/// <summary><c>GET /metrics</c>: what a Prometheus server scrapes; and what it finds there about the management API.</summary>
internal static class MetricsApi
{
    private const string PrometheusText = "text/plain; version=0.0.4; charset=utf-8";
    private const string OpenMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// <summary>The method is a label of the request metrics, and a client can make up as many as it likes: only these are counted.</summary>
    private static readonly string[] CountedMethods =
        [HttpMethods.Get, HttpMethods.Head, HttpMethods.Post, HttpMethods.Delete, HttpMethods.Put, HttpMethods.Patch, HttpMethods.Options];

    public static void MapMetrics(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/metrics", GetMetrics)
            .WithName("GetMetrics")
            .WithTags("Metrics")
            .WithSummary("Metrics for Prometheus")
            .WithDescription("Prometheus text 0.0.4, or OpenMetrics 1.0.0 when the Accept header prefers it. The size does not grow with the number of clients.")
            .Produces<string>(StatusCodes.Status200OK, "text/plain", "application/openmetrics-text");
        routes.MapMethods("/metrics", [HttpMethods.Head], GetMetrics).ExcludeFromDescription();
    }

    /// <summary>Counts and times requests, with the route and the status code that the client gets.</summary>
    /// <remarks>Comes after routing, and before whatever makes an answer of an exception.</remarks>
    public static void UseRequestMetrics(this IApplicationBuilder app)
    {
        var scrape = app.ApplicationServices.GetRequiredService<PrometheusScrape>();
        app.UseWhen(
            static context => CountedMethods.Contains(context.Request.Method),
            branch => branch.UseHttpMetrics(options => options.SetMetricFactory(scrape.Factory)));
    }

    private static async Task GetMetrics(HttpContext context, PrometheusScrape scrape)
    {
        var openMetrics = ScrapeFormat.PrefersOpenMetrics(context.Request.Headers.Accept);
        var text = await scrape.ScrapeAsync(openMetrics, context.RequestAborted);
        var response = context.Response;
        response.ContentType = openMetrics ? OpenMetrics : PrometheusText;
        response.ContentLength = text.Length;
        response.Headers[HeaderNames.Vary] = HeaderNames.Accept;
        response.Headers[HeaderNames.CacheControl] = "no-store";
        await response.Body.WriteAsync(text, context.RequestAborted);
    }
}
