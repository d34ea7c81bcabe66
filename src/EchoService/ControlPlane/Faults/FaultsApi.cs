using System.ComponentModel;
using System.Globalization;
using EchoService.ControlPlane.Access;
using EchoService.ControlPlane.Document;
using EchoService.ControlPlane.Requests;
using EchoService.Transport;
using EchoService.Transport.Faults;
using Microsoft.AspNetCore.Http.HttpResults;

namespace EchoService.ControlPlane.Faults;

/// <summary>Misbehaviour on demand.</summary>
internal static class FaultsApi
{
    private const string Path = "/faults";
    private const string IdDescription = "The fault's id, as the list has it.";

    private static readonly FaultResponse Example = new(
        3,
        FaultKind.Delay,
        new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
        new DateTime(2026, 1, 2, 3, 5, 5, DateTimeKind.Utc),
        60,
        12,
        12,
        0,
        Milliseconds: 250,
        JitterMilliseconds: 0,
        Connections: FaultScope.All,
        Percent: 25,
        Seed: 7);

    private static readonly FaultBody[] Examples =
    [
        new(FaultKind.Delay, 60, Milliseconds: 250, JitterMilliseconds: 50, Percent: 25, Seed: 7),
        new(FaultKind.Throttle, 60, BytesPerSecond: 1000, Connections: FaultScope.New),
        new(FaultKind.Stall, 30, Remote: "10.0.0.0/8"),
        new(FaultKind.Slice, 60, Bytes: 7, EveryMilliseconds: 5),
        new(FaultKind.Reset, 60, AfterBytes: 100),
        new(FaultKind.Fin, 60, AfterSeconds: 10),
        new(FaultKind.Corrupt, 60, EveryBytes: 1000),
        new(FaultKind.Drop, 60, EveryBytes: 1000),
        new(FaultKind.Duplicate, 60, EveryBytes: 1000),
        new(FaultKind.KeepOpen, 60),
        new(FaultKind.Refuse, 15),
        new(FaultKind.NoAccept, 15),
        new(FaultKind.ResetNew, 60, Percent: 50),
        new(FaultKind.Unready, 30),
        new(FaultKind.FalseReady, 600),
        new(FaultKind.UdpDrop, 60, Percent: 1),
        new(FaultKind.UdpDelay, 60, Milliseconds: 250),
        new(FaultKind.UdpDuplicate, 60, Percent: 1),
    ];

    public static void MapFaults(this IEndpointRouteBuilder app)
    {
        var faults = app.MapGroup(Path).WithTags("Faults");

        faults.MapGet("", GetFaults)
            .WithName("GetFaults")
            .WithSummary("Which faults are on")
            .WithDescription("Also where faults are off (Faults:Enabled): then there are none.")
            .WithQuery()
            .WithExample(StatusCodes.Status200OK, new FaultListResponse(Enabled: true, [Example]));

        faults.MapGet("/{id:long}", GetFault)
            .WithName("GetFault")
            .WithSummary("One fault that is on")
            .WithQuery()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithExample(StatusCodes.Status200OK, Example);

        faults.MapPost("", BeginFault)
            .WithName("BeginFault")
            .WithSummary("Misbehave, for a time")
            .WithDescription("Where Faults:Enabled says so, and 403 otherwise. What each kind does, and which parameters it has: docs/faults.md. "
                + $"Up to {FaultTable.Most} faults can be on at once. Those of different kinds act together on a connection, in the order in which they "
                + "came; of one kind the first that has hold of it keeps it. Of those about the listener there can be one at a time, of those about "
                + "readiness too, and of those about datagrams one of each kind. A drain ends all but falseReady and lets none begin.")
            .WithQuery()
            .WithRequestExamples(Examples.ToDictionary(example => FaultBody.Name(example.Kind.GetValueOrDefault()), object (example) => example))
            .ProducesProblem(StatusCodes.Status409Conflict)
            .WithExample(StatusCodes.Status201Created, Example);

        faults.MapDelete("/{id:long}", EndFault)
            .WithName("EndFault")
            .WithSummary("End a fault")
            .WithDescription("Connections go on as if it had never been, and what it held back is delivered.")
            .WithQuery()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithExample(StatusCodes.Status200OK, Example with { ConnectionsHeld = 0 });

        faults.MapDelete("", EndFaults)
            .WithName("EndFaults")
            .WithSummary("End all faults")
            .WithDescription("Answers with those that it has ended.")
            .WithQuery()
            .WithExample(StatusCodes.Status200OK, new FaultListResponse(Enabled: true, [Example with { ConnectionsHeld = 0 }]));
    }

    private static Ok<FaultListResponse> GetFaults(EchoServer server, FaultOptions options) => TypedResults.Ok(List(server.Faults, options, server.Faults.Active));

    private static Results<Ok<FaultResponse>, ProblemHttpResult> GetFault([Description(IdDescription)] long id, EchoServer server, FaultOptions options) =>
        !options.Enabled ? Off()
        : server.Faults.Find(id) is { } fault ? TypedResults.Ok(From(server.Faults, fault))
        : Unknown(id);

    private static Results<Created<FaultResponse>, ValidationProblem, ProblemHttpResult> BeginFault(
        HttpContext context, FaultBody body, EchoServer server, FaultOptions options)
    {
        if (!options.Enabled)
        {
            return Off();
        }

        if (body.Check(out var spec) is { } errors)
        {
            return TypedResults.ValidationProblem(errors);
        }

        if (FaultKinds.PlaceOf(spec.Kind) == FaultPlace.Datagram && !server.Options.Udp.Enabled)
        {
            return TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["kind"] = ["is about datagrams, and UDP is off (Echo:Udp:Enabled)"] });
        }

        if (!server.Faults.TryBegin(spec, out var fault, out var refusal))
        {
            return TypedResults.Problem(statusCode: StatusCodes.Status409Conflict, detail: refusal);
        }

        context.DescribeChange(string.Create(
            CultureInfo.InvariantCulture, $"fault {fault.Id}, {FaultBody.Name(fault.Kind)} for {spec.Duration.TotalSeconds} s, has hold of {fault.Connections} connections"));
        return TypedResults.Created($"{Path}/{fault.Id}", From(server.Faults, fault));
    }

    private static Results<Ok<FaultResponse>, ProblemHttpResult> EndFault(
        [Description(IdDescription)] long id, HttpContext context, EchoServer server, FaultOptions options)
    {
        if (!options.Enabled)
        {
            return Off();
        }

        if (!server.Faults.TryEnd(id, FaultEnd.Deleted, out var fault))
        {
            return Unknown(id);
        }

        context.DescribeChange($"fault {id} ended, {FaultBody.Name(fault.Kind)}, after {fault.Connections} connections");
        return TypedResults.Ok(From(server.Faults, fault));
    }

    private static Results<Ok<FaultListResponse>, ProblemHttpResult> EndFaults(HttpContext context, EchoServer server, FaultOptions options)
    {
        if (!options.Enabled)
        {
            return Off();
        }

        var ended = server.Faults.EndAll();
        context.DescribeChange($"{ended.Count} faults ended");
        return TypedResults.Ok(List(server.Faults, options, ended));
    }

    private static FaultListResponse List(FaultTable table, FaultOptions options, IEnumerable<Fault> faults) =>
        new(options.Enabled, [.. faults.Select(fault => From(table, fault))]);

    private static FaultResponse From(FaultTable table, Fault fault) => FaultResponse.From(fault, fault.IsOver ? 0 : table.CountHeld(fault));

    private static ProblemHttpResult Off() => TypedResults.Problem(
        statusCode: StatusCodes.Status403Forbidden,
        detail: "Faults are off. Start the service with Faults:Enabled=true (--Faults:Enabled=true, or Faults__Enabled=true in the environment) to turn them on.");

    private static ProblemHttpResult Unknown(long id) =>
        TypedResults.Problem(statusCode: StatusCodes.Status404NotFound, detail: $"No fault {id} is on.");
}
