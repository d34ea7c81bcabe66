using System.ComponentModel;
using System.Globalization;
using EchoService.Configuration;
using EchoService.ControlPlane.Access;
using EchoService.ControlPlane.Document;
using EchoService.ControlPlane.Requests;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Accepting;
using EchoService.Transport.Connections;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;

namespace EchoService.ControlPlane.Clients;

/// <summary>Who is connected, who was, and showing them out.</summary>
internal static class ClientsApi
{
    private const string Tag = "Clients";
    private const string IdDescription = "The client's id, as the list has it.";

    private static readonly QueryParameter<CloseMode> ModeParameter = new(
        "mode",
        ValueFormats.Name<CloseMode>(),
        "graceful: what has been read is echoed, then FIN. reset: cut off at once, also where a graceful close is under way.",
        () => new OpenApiSchema { Type = JsonSchemaType.String, Enum = ["graceful", "reset"], Default = "graceful" });

    private static readonly ClientResponse Example = new(
        42,
        "192.0.2.7:51234",
        "192.0.2.7:51234",
        "10.1.2.3:7007",
        Proxied: false,
        ConnectionState.Open,
        new DateTime(2026, 1, 2, 3, 4, 5, DateTimeKind.Utc),
        12.5,
        new DateTime(2026, 1, 2, 3, 4, 17, DateTimeKind.Utc),
        new DateTime(2026, 1, 2, 3, 4, 17, DateTimeKind.Utc),
        0.5,
        65_536,
        65_536,
        0,
        ClosedAt: null,
        CloseReason: null,
        ClosedHow: null,
        BytesUnsent: 0,
        ClosePercent: null,
        ListenerKind.Echo,
        Fault: null);

    public static void MapClients(this IEndpointRouteBuilder app)
    {
        var clients = app.MapGroup("/clients").WithTags(Tag);

        clients.MapGet("", GetClients)
            .WithName("GetClients")
            .WithSummary("Who is connected")
            .WithDescription("A snapshot that makes no connection wait: who comes or goes meanwhile may or may not be in it.")
            .WithQuery(ClientQuery.Parameters)
            .WithExample(StatusCodes.Status200OK, new ClientListResponse(1, [Example], null));

        clients.MapGet("/{id:long}", GetClient)
            .WithName("GetClient")
            .WithSummary("One client")
            .WithDescription($"Also one of the last {ConnectionRegistry.RememberedConnections} that have closed.")
            .WithQuery()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithExample(StatusCodes.Status200OK, Example);

        clients.MapDelete("/{id:long}", CloseClient)
            .WithName("CloseClient")
            .WithSummary("Close one client's connection")
            .WithDescription("Answers when the close has begun; the client shows as closing until it has gone.")
            .WithQuery(ModeParameter)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithExample(StatusCodes.Status202Accepted, Example with { State = ConnectionState.Closing, CloseReason = CloseReason.Admin });

        clients.MapPost("/close", CloseClients)
            .WithName("CloseClients")
            .WithSummary("Close many clients' connections")
            .WithDescription("Sheds load without a restart: percent 25 closes a quarter of the clients that match, drawn at random, evenly over "
                + "spreadSeconds. They can connect again at once, here or wherever a balancer sends them.")
            .WithQuery()
            .WithExample(StatusCodes.Status202Accepted, new CloseClientsResponse(Matched: 400, Closing: 100));
    }

    private static Results<Ok<ClientListResponse>, ValidationProblem> GetClients(HttpRequest request, EchoServer server)
    {
        var query = ClientQuery.From(request.Query);
        ClientPosition? after = null;
        if (query.Cursor is not null)
        {
            if (!ClientPosition.TryParseCursor(query.Cursor, query.Order, out var position))
            {
                return TypedResults.ValidationProblem(new Dictionary<string, string[]>
                {
                    ["cursor"] = ["must be what an answer to the same sort had in \"next\""],
                });
            }

            after = position;
        }

        var page = ClientPage.Select(server.Connections, query, after, server.Clock.Now);
        return TypedResults.Ok(new ClientListResponse(
            page.Total,
            [.. page.Connections.Select(connection => ClientResponse.From(connection, server.Clock))],
            page.Next?.ToCursor(query.Order)));
    }

    private static Results<Ok<ClientResponse>, ProblemHttpResult> GetClient([Description(IdDescription)] long id, EchoServer server)
    {
        var connection = server.Connections.TryFind(id, out var live) ? live : server.Connections.FindEnded(id);
        return connection is null
            ? TypedResults.Problem(statusCode: StatusCodes.Status404NotFound, detail: $"No client {id} is or was lately connected.")
            : TypedResults.Ok(ClientResponse.From(connection, server.Clock));
    }

    private static Results<Accepted<ClientResponse>, ProblemHttpResult> CloseClient([Description(IdDescription)] long id, HttpContext context, EchoServer server)
    {
        if (server.Connections.TryFind(id, out var connection))
        {
            var mode = ModeParameter.Read(context.Request.Query, CloseMode.Graceful);
            var began = mode == CloseMode.Reset
                ? connection.Abort(CloseReason.Admin)
                : connection.Close(CloseReason.Admin);
            // Asked for the second time it is as good as the first; only who has gone cannot be closed.
            if (began || connection.State == ConnectionState.Closing)
            {
                context.DescribeChange($"1 connection, {Name(mode)}");
                return TypedResults.Accepted((string?)null, ClientResponse.From(connection, server.Clock));
            }
        }

        return TypedResults.Problem(statusCode: StatusCodes.Status404NotFound, detail: $"No client {id} is connected.");
    }

    private static Results<Accepted<CloseClientsResponse>, ValidationProblem> CloseClients(HttpContext context, CloseClientsBody body, EchoServer server)
    {
        if (body.Check(out var filter) is { } errors)
        {
            return TypedResults.ValidationProblem(errors);
        }

        var now = server.Clock.Now;
        var matched = server.Connections.Live.Where(connection => filter.Matches(connection, now)).ToArray();
        Random.Shared.Shuffle(matched);
        var chosen = matched[..(int)Math.Round(matched.Length * (body.Percent ?? 100) / 100, MidpointRounding.AwayFromZero)];
        context.DescribeChange(string.Create(
            CultureInfo.InvariantCulture,
            $"{chosen.Length} of {matched.Length} connections that match, {Name(body.Mode ?? CloseMode.Graceful)}, over {body.SpreadSeconds ?? 0} s{(body.DryRun is true ? ", only counted" : "")}"));
        if (body.DryRun is not true)
        {
            if (body.Percent is { } percent)
            {
                Shedding.Note(chosen, percent);
            }

            // It goes on by itself; its timer keeps it alive until the last one has been closed.
            _ = new SpreadClose(
                chosen,
                TimeSpan.FromSeconds(body.SpreadSeconds ?? 0),
                body.Mode == CloseMode.Reset ? static connection => connection.Abort(CloseReason.Admin) : static connection => connection.Close(CloseReason.Admin),
                server.TimeProvider);
        }

        return TypedResults.Accepted((string?)null, new CloseClientsResponse(matched.Length, chosen.Length));
    }

    private static string Name(CloseMode mode) => mode == CloseMode.Reset ? "reset" : "graceful";
}
