using System.Net.Sockets;
using EchoService.ControlPlane.Access;
using EchoService.ControlPlane.Document;
using EchoService.ControlPlane.Requests;
using EchoService.Lifecycle;
using EchoService.Transport.Accepting;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EchoService.ControlPlane.Drain;

/// <summary>One drain, as a resource: begin it, watch it, take it back.</summary>
internal static class DrainApi
{
    private const string Tag = "Drain";
    private const string Path = "/drain";

    private static readonly DrainResponse Example = new(
        ServicePhase.Draining,
        DrainTrigger.Api,
        new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
        new DateTime(2026, 1, 2, 3, 4, 40, DateTimeKind.Utc),
        Initial: 125,
        Remaining: 45,
        ClosedByClient: 30,
        ClosedGracefully: 50,
        ClosedForced: 0,
        BytesUnsent: 0);

    private static readonly DrainResponse Serving = new(ServicePhase.Serving, null, null, null, 0, 0, 0, 0, 0, 0);

    public static void MapDrain(this IEndpointRouteBuilder app)
    {
        var drain = app.MapGroup(Path).WithTags(Tag);

        drain.MapGet("", GetDrain)
            .WithName("GetDrain")
            .WithSummary("How far the drain is")
            .WithDescription("While serving: phase serving, no trigger, all zeros.")
            .WithQuery()
            .WithExample(StatusCodes.Status200OK, Example);

        drain.MapPost("", BeginDrain)
            .WithName("BeginDrain")
            .WithSummary("Begin a drain")
            .WithDescription("Not ready at once; after the readiness delay the listener closes, open connections go on and are closed "
                + "gracefully over the spread, and those left at the deadline by force. The process stays. Asked again, it answers "
                + "with the drain that is on. The body may be left out.")
            .WithQuery()
            .WithExample(StatusCodes.Status202Accepted, Example with { Phase = ServicePhase.LameDuck, Remaining = 125, ClosedByClient = 0, ClosedGracefully = 0 });

        drain.MapDelete("", CancelDrain)
            .WithName("CancelDrain")
            .WithSummary("Take the drain back")
            .WithDescription("Back to serving from every phase: the listener is bound again, and connections that are left stay. "
                + "Not when a signal began the drain, and not when the port has been taken meanwhile.")
            .WithQuery()
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithExample(StatusCodes.Status200OK, Serving);
    }

    private static Ok<DrainResponse> GetDrain(ServiceLifecycle lifecycle) => TypedResults.Ok(DrainResponse.From(lifecycle.Status));

    private static Results<Accepted<DrainResponse>, ValidationProblem> BeginDrain(HttpContext context, ServiceLifecycle lifecycle, DrainBody? body = null)
    {
        body ??= new DrainBody();
        if (body.Check() is { } errors)
        {
            return TypedResults.ValidationProblem(errors);
        }

        var drain = DrainResponse.From(lifecycle.BeginDrain(body.ToRequest(), DrainTrigger.Api));
        context.DescribeChange($"{drain.Remaining} connections to drain");
        return TypedResults.Accepted(Path, drain);
    }

    private static Results<Ok<DrainResponse>, ProblemHttpResult> CancelDrain(HttpContext context, ServiceLifecycle lifecycle)
    {
        try
        {
            var left = lifecycle.Status.Remaining;
            var drain = DrainResponse.From(lifecycle.CancelDrain());
            context.DescribeChange($"the drain is taken back, {left} connections stay");
            return TypedResults.Ok(drain);
        }
        catch (InvalidOperationException exception)
        {
            return TypedResults.Problem(statusCode: StatusCodes.Status409Conflict, detail: exception.Message);
        }
        catch (SocketException exception)
        {
            return TypedResults.Problem(
                statusCode: StatusCodes.Status409Conflict,
                detail: $"The {(exception is BannerBindException ? "banner" : "echo")} port could not be bound again: {exception.Message}. The drain goes on; free the port and try again.");
        }
    }
}
