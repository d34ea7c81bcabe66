using EchoService.ControlPlane.Document;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Faults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EchoService.ControlPlane.Health;

/// <summary>Probes. They take any query, since balancers and humans add things to these paths.</summary>
internal static class HealthApi
{
    private const string Tag = "Health";

    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        app.MapGet("/livez", GetLiveness)
            .WithName("GetLiveness")
            .WithSummary("Whether the process is sound")
            .WithDescription("200 in every phase: a process that drains must not be restarted.")
            .WithTags(Tag)
            .WithExample(StatusCodes.Status200OK, new HealthResponse(HealthStatus.Ok, ServicePhase.Serving, null));

        app.MapGet("/healthz", GetLiveness)
            .WithName("GetHealth")
            .WithSummary("The same as /livez")
            .WithTags(Tag)
            .WithExample(StatusCodes.Status200OK, new HealthResponse(HealthStatus.Ok, ServicePhase.Serving, null));

        app.MapGet("/readyz", GetReadiness)
            .WithName("GetReadiness")
            .WithSummary("Whether new clients are wanted")
            .WithDescription("200 while serving; 503 from the first moment of a drain, and 200 again when the drain is taken back. A fault that was asked for may have it say otherwise, and is named.")
            .WithTags(Tag)
            .Produces<HealthResponse>()
            .Produces<HealthResponse>(StatusCodes.Status503ServiceUnavailable)
            .WithExample(StatusCodes.Status200OK, new HealthResponse(HealthStatus.Ok, ServicePhase.Serving, null))
            .WithExample(StatusCodes.Status503ServiceUnavailable, NotReady(ServicePhase.LameDuck));
    }

    private static Ok<HealthResponse> GetLiveness(ServiceLifecycle lifecycle) =>
        TypedResults.Ok(new HealthResponse(HealthStatus.Ok, lifecycle.Phase, null));

    private static HealthResponse GetReadiness(ServiceLifecycle lifecycle, EchoServer server, HttpResponse response)
    {
        var answer = Judge(lifecycle.Phase, server);
        if (answer.Status != HealthStatus.Ok)
        {
            response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }

        return answer;
    }

    private static HealthResponse Judge(ServicePhase phase, EchoServer server)
    {
        if (phase != ServicePhase.Serving)
        {
            return server.Faults.Find(FaultKind.FalseReady) is { } lie
                ? new HealthResponse(HealthStatus.Ok, phase, $"Fault {lie.Id} says so, in spite of the drain.")
                : NotReady(phase);
        }

        if (server.Faults.Find(FaultKind.Unready) is { } fault)
        {
            return new HealthResponse(HealthStatus.Unavailable, phase, $"Fault {fault.Id} says so: all else serves.");
        }

        return server.LacksListener
            ? new HealthResponse(HealthStatus.Unavailable, phase, "The port of the listener that a fault had closed is taken: nobody can connect.")
            : new HealthResponse(HealthStatus.Ok, phase, null);
    }

    private static HealthResponse NotReady(ServicePhase phase) => new(HealthStatus.Unavailable, phase, phase switch
    {
        ServicePhase.LameDuck => "A drain has begun: clients are still accepted, but should go elsewhere.",
        ServicePhase.Drained => "Drained: nobody is connected and nobody is accepted.",
        _ => "Draining: no new clients are accepted.",
    });
}
