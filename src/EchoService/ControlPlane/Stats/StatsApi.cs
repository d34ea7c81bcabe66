using EchoService.ControlPlane.Document;
using EchoService.ControlPlane.Requests;
using EchoService.Diagnostics;
using EchoService.Lifecycle;
using EchoService.Transport.Accepting;
using EchoService.Transport.Connections;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EchoService.ControlPlane.Stats;

/// <summary>The service in figures.</summary>
internal static class StatsApi
{
    private static readonly StatsResponse Example = new(
        new InstanceStats("echoservice-5d9c7b6f4-x2x7k", BuildInfo.Version, new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc), 12.5),
        ServicePhase.Serving,
        [new ListenerStats("tcp", "[::]:7007", ListenerState.Listening, ListenerKind.Echo)],
        new ConnectionStats(
            1,
            3,
            10_000,
            7,
            new Dictionary<CloseReason, long> { [CloseReason.ClientFin] = 6 },
            new Dictionary<RejectReason, long> { [RejectReason.Limit] = 0, [RejectReason.Draining] = 0, [RejectReason.Resource] = 0 }),
        new ByteStats(1_048_576, 1_048_576),
        new FaultStats(0),
        new ManagementStats(1, 256, 0),
        new PoolStats(new EventArgsStats(10_000, 3, 1), new BufferStats(0, 65_536)),
        new DatagramStats(0, 0, 0));

    public static void MapStats(this IEndpointRouteBuilder app) =>
        app.MapGet("/stats", GetStats)
            .WithName("GetStats")
            .WithSummary("The service in figures")
            .WithDescription("At rest, accepted = active + the sum of closed, and received = sent, less what a reset left unsent and what faults have dropped or added.")
            .WithTags("Stats")
            .WithQuery()
            .WithExample(StatusCodes.Status200OK, Example);

    private static Ok<StatsResponse> GetStats(StatsReader stats) => TypedResults.Ok(stats.Read());
}
