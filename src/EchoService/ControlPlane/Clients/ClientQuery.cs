using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Nodes;
using EchoService.Configuration;
using EchoService.ControlPlane.Requests;
using EchoService.Transport.Accepting;
using EchoService.Transport.Addressing;
using EchoService.Transport.Connections;
using Microsoft.OpenApi;

namespace EchoService.ControlPlane.Clients;

/// <summary>What <c>GET /clients</c> was asked.</summary>
/// <param name="Filter">Which clients.</param>
/// <param name="Order">In which order.</param>
/// <param name="Limit">How many at most.</param>
/// <param name="Cursor">Where the page before this one ended; null for the first.</param>
internal sealed record ClientQuery(ClientFilter Filter, ClientOrder Order, int Limit, string? Cursor)
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1000;

    // About thirty years: far from overflowing a TimeSpan.
    private const double MaxSeconds = 1e9;

    private static readonly QueryParameter<ConnectionState> StateParameter = new(
        "state",
        ValueFormats.Name<ConnectionState>(),
        $"Only clients in this state. Without it, open and closing ones; of those that are closed the last {ConnectionRegistry.RememberedConnections} are known.",
        () => OneOf(["open", "closing", "closed"]));

    private static readonly QueryParameter<ListenerKind> ListenerParameter = new(
        "listener",
        ValueFormats.Name<ListenerKind>(),
        "Only clients that came by this port: echo, or the one with a banner.",
        () => OneOf(["echo", "banner"]));

    private static readonly QueryParameter<AddressRange> RemoteParameter = new(
        "remote",
        ValueFormats.Range,
        "Only clients from this address or range (CIDR).",
        () => new OpenApiSchema { Type = JsonSchemaType.String })
    {
        Example = "10.0.0.0/8",
    };

    private static readonly QueryParameter<double> MinAgeParameter = Seconds("minAgeSeconds", "Only clients that have been connected for at least this long.");

    private static readonly QueryParameter<double> MinIdleParameter = Seconds("minIdleSeconds", "Only clients that have neither sent nor received a byte for at least this long.");

    private static readonly QueryParameter<long> MinPendingBytesParameter = new(
        "minPendingBytes",
        ValueFormats.Integer(0, long.MaxValue),
        "Only clients that have at least this many bytes not sent back yet.",
        () => new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64", Minimum = "0", Default = 0 });

    private static readonly QueryParameter<long> FaultParameter = new(
        "fault",
        ValueFormats.Integer(1, long.MaxValue),
        "Only clients that this fault has hold of, or has ended.",
        () => new OpenApiSchema { Type = JsonSchemaType.Integer, Format = "int64", Minimum = "1" });

    private static readonly QueryParameter<ClientOrder> SortParameter = new(
        "sort",
        ValueFormats.Name([.. ClientOrder.All]),
        "The order; a leading minus turns it round. By age or idle time the shortest comes first, so -idle begins with who has been quiet for longest.",
        () => OneOf(ClientOrder.All.Select(order => order.Name), ClientOrder.All[0].Name));

    private static readonly QueryParameter<long> LimitParameter = new(
        "limit",
        ValueFormats.Integer(1, MaxLimit),
        "How many clients at most.",
        () => new OpenApiSchema
        {
            Type = JsonSchemaType.Integer,
            Format = "int32",
            Minimum = "1",
            Maximum = MaxLimit.ToString(CultureInfo.InvariantCulture),
            Default = DefaultLimit,
        });

    private static readonly QueryParameter<string> CursorParameter = new(
        "cursor",
        new ValueFormat<string>("what an answer before this one had in \"next\"", (string text, [MaybeNullWhen(false)] out string value) => (value = text).Length > 0),
        "Where to go on: \"next\" of the answer before, with the same sort and filters.",
        () => new OpenApiSchema { Type = JsonSchemaType.String });

    public static IReadOnlyList<QueryParameter> Parameters { get; } =
    [
        StateParameter, ListenerParameter, RemoteParameter, MinAgeParameter, MinIdleParameter, MinPendingBytesParameter, FaultParameter, SortParameter, LimitParameter, CursorParameter,
    ];

    /// <summary>Reads a query that has been checked.</summary>
    public static ClientQuery From(IQueryCollection query) => new(
        new ClientFilter(
            StateParameter.TryRead(query, out var state) ? state : null,
            ListenerParameter.TryRead(query, out var listener) ? listener : null,
            RemoteParameter.TryRead(query, out var remote) ? remote : null,
            TimeSpan.FromSeconds(MinAgeParameter.Read(query, 0)),
            TimeSpan.FromSeconds(MinIdleParameter.Read(query, 0)),
            MinPendingBytesParameter.Read(query, 0),
            FaultParameter.TryRead(query, out var fault) ? fault : null),
        SortParameter.Read(query, default),
        (int)LimitParameter.Read(query, DefaultLimit),
        CursorParameter.TryRead(query, out var cursor) ? cursor : null);

    private static QueryParameter<double> Seconds(string name, string description) => new(
        name,
        ValueFormats.Number(0, MaxSeconds),
        description,
        () => new OpenApiSchema { Type = JsonSchemaType.Number, Format = "double", Minimum = "0", Default = 0 })
    {
        Example = 60,
    };

    private static OpenApiSchema OneOf(IEnumerable<string> names, string? @default = null) => new()
    {
        Type = JsonSchemaType.String,
        Enum = [.. names.Select(name => (JsonNode)name)],
        Default = @default,
    };
}
