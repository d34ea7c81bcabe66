using System.Net.ServerSentEvents;
using EchoService.ControlPlane.Connections;
using EchoService.ControlPlane.Document;
using EchoService.ControlPlane.Requests;
using EchoService.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EchoService.ControlPlane.Events;

/// <summary>What happens, as it happens.</summary>
internal static class EventsApi
{
    private static readonly string Example = $$$"""
        event: stats
        data: {"instance":{"name":"echoservice-5d9c7b6f4-x2x7k","version":"{{{BuildInfo.Version}}}", … },"phase":"serving", … }

        event: phase
        data: {"phase":"lameDuck","previous":"serving"}

        event: fault
        data: {"ended":"expired","fault":{"id":3,"kind":"stall", … }}


        """;

    public static void MapEvents(this IEndpointRouteBuilder app) =>
        app.MapGet("/events", GetEvents)
            .WithName("GetEvents")
            .WithSummary("What happens, as it happens")
            .WithDescription("Server-sent events: `stats` at once and then every second, with what GET /stats answers, and `phase` at "
                + "every change of phase, in order, with the phase and the one before it, and `fault` when a fault begins or ends, with why it ended, and null for one that begins. The stream goes on while the service drains and "
                + "ends when it has drained to stop. A reader that is slow misses figures and no change; one that lags "
                + $"more than {EventStream.Backlog} changes behind is let go, to begin again. There may be Management:MaxEventStreams "
                + "readers at once; the next one is told 503.")
            .WithTags("Stats")
            .WithQuery()
            .Produces<string>(StatusCodes.Status200OK, "text/event-stream")
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable)
            .WithExample(StatusCodes.Status200OK, Example);

    private static Results<ServerSentEventsResult<object>, ProblemHttpResult> GetEvents(HttpContext context, EventStream events, ManagementConnections connections)
    {
        if (connections.TryBeginEventStream(context.ManagementConnection) is not { } place)
        {
            return TypedResults.Problem(
                statusCode: StatusCodes.Status503ServiceUnavailable,
                detail: $"There are {connections.EventStreamLimit} readers of /events, and no more may be (Management:MaxEventStreams). GET /stats says the same once.");
        }

        // By the request and not by the stream, which need not even begin when the reader has gone already.
        context.Response.RegisterForDispose(place);
        // For nginx, which would hold events back until they fill a buffer.
        context.Response.Headers["X-Accel-Buffering"] = "no";
        return TypedResults.ServerSentEvents(context.IsHead() ? AsyncEnumerable.Empty<SseItem<object>>() : events.ReadAsync(context.RequestAborted));
    }
}
