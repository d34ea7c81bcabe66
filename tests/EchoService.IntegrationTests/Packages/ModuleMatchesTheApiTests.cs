using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using EchoService.ControlPlane;
using EchoService.ControlPlane.Faults;
using EchoService.Testcontainers;
using ServiceFaultKind = EchoService.Transport.Faults.FaultKind;

namespace EchoService.IntegrationTests.Packages;

/// <summary>The module's client and docs/openapi.json say the same: every operation, every field, every name.</summary>
public sealed class ModuleMatchesTheApiTests
{
    private static readonly Uri Anywhere = new("http://service.example");

    /// <summary>Which type stands for which schema. A schema that is new has to be written down here.</summary>
    private static readonly Dictionary<string, Type> Types = new()
    {
        ["BufferStats"] = typeof(BufferStats),
        ["ByteStats"] = typeof(ByteStats),
        ["ClientListResponse"] = typeof(ClientPage),
        ["ClientResponse"] = typeof(ClientInfo),
        ["CloseClientsBody"] = typeof(CloseClientsRequest),
        ["CloseClientsResponse"] = typeof(CloseClientsResult),
        ["CloseMode"] = typeof(CloseMode),
        ["CloseReason"] = typeof(CloseReason),
        ["ClosedHow"] = typeof(ClosedHow),
        ["ConnectionState"] = typeof(ConnectionState),
        ["ConnectionStats"] = typeof(ConnectionStats),
        ["DatagramStats"] = typeof(DatagramStats),
        ["DeadlineAction"] = typeof(DeadlineAction),
        ["DrainBody"] = typeof(DrainRequest),
        ["DrainResponse"] = typeof(DrainStatus),
        ["DrainTrigger"] = typeof(DrainTrigger),
        ["EventArgsStats"] = typeof(EventArgsStats),
        ["FaultBody"] = typeof(Testcontainers.FaultBody),
        ["FaultKind"] = typeof(FaultKind),
        ["FaultListResponse"] = typeof(FaultList),
        ["FaultResponse"] = typeof(ActiveFault),
        ["FaultScope"] = typeof(FaultScope),
        ["FaultStats"] = typeof(FaultStats),
        ["HealthResponse"] = typeof(Health),
        ["HealthStatus"] = typeof(HealthStatus),
        ["HttpValidationProblemDetails"] = typeof(Problem),
        ["InstanceStats"] = typeof(InstanceStats),
        ["ListenerKind"] = typeof(ListenerKind),
        ["ListenerState"] = typeof(ListenerState),
        ["ListenerStats"] = typeof(ListenerStats),
        ["ManagementStats"] = typeof(ManagementStats),
        ["PoolStats"] = typeof(PoolStats),
        ["ProblemDetails"] = typeof(Problem),
        ["ServicePhase"] = typeof(ServicePhase),
        ["StatsResponse"] = typeof(EchoStats),
    };

    /// <summary>One of each kind, with every parameter that it has.</summary>
    private static readonly Fault[] Faults =
    [
        new Fault.Delay { Duration = Minute, By = Second, Jitter = Second, Connections = FaultScope.All, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
        new Fault.Throttle { Duration = Minute, BytesPerSecond = 1000, Connections = FaultScope.New, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
        new Fault.Stall { Duration = Minute, Connections = FaultScope.Open, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
        new Fault.Slice { Duration = Minute, Bytes = 7, Every = Second, Connections = FaultScope.All, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
        new Fault.Reset { Duration = Minute, AfterBytes = 7, After = Second, Connections = FaultScope.All, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
        new Fault.Fin { Duration = Minute, AfterBytes = 7, After = Second, Connections = FaultScope.All, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
        new Fault.Corrupt { Duration = Minute, EveryBytes = 7, Connections = FaultScope.All, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
        new Fault.Drop { Duration = Minute, EveryBytes = 7, Connections = FaultScope.All, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
        new Fault.Duplicate { Duration = Minute, EveryBytes = 7, Connections = FaultScope.All, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
        new Fault.KeepOpen { Duration = Minute, Connections = FaultScope.All, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
        new Fault.Refuse { Duration = Minute },
        new Fault.NoAccept { Duration = Minute },
        new Fault.ResetNew { Duration = Minute, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
        new Fault.Unready { Duration = Minute },
        new Fault.FalseReady { Duration = Minute },
        new Fault.UdpDrop { Duration = Minute, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
        new Fault.UdpDelay { Duration = Minute, By = Second, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
        new Fault.UdpDuplicate { Duration = Minute, Remote = "10.0.0.0/8", Percent = 50, Seed = 1 },
    ];

    public static TheoryData<string> Schemas => [.. ApiDocument.Schemas.Keys];

    private static TimeSpan Minute => TimeSpan.FromMinutes(1);

    private static TimeSpan Second => TimeSpan.FromSeconds(1);

    [Theory]
    [MemberData(nameof(Schemas))]
    public void ASchemaAndItsTypeHaveTheSameFields(string name)
    {
        var schema = ApiDocument.Schemas[name];
        Types.ShouldContainKey(name, "a schema that the module does not know");
        var type = Types[name];
        if (schema.TryGetProperty("enum", out var values))
        {
            EnumNames(type).ShouldBe(values.EnumerateArray().Select(value => value.GetString()));
            return;
        }

        var fields = schema.GetProperty("properties").EnumerateObject().ToDictionary(field => field.Name, field => field.Value);
        var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(value => value.GetString()).ToArray() : [];
        var properties = Info(type).Properties.ToDictionary(property => property.Name);
        // Errors are those of a validation problem alone; one type reads both.
        var known = name == "ProblemDetails" ? properties.Keys.Except(["errors"]) : properties.Keys;
        known.ShouldBe(fields.Keys, ignoreOrder: true);
        foreach (var (field, json) in fields)
        {
            var property = properties[field];
            var (expected, nullable) = TypeOf(field, json);
            var actual = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (actual == typeof(TimeSpan))
            {
                // Which unit it is read in, the examples show.
                field.ShouldMatch("([sS]econds|illiseconds)$");
                actual = typeof(double);
            }

            actual.ShouldBe(expected, $"{name}.{field}");
            // What the service demands and what may be missing in the document are no contradiction in a body alone.
            if (type != typeof(Testcontainers.FaultBody))
            {
                property.IsRequired.ShouldBe(required.Contains(field), $"{name}.{field} is required");
                property.IsGetNullable.ShouldBe(nullable || !required.Contains(field), $"{name}.{field} may be null");
            }
        }
    }

    [Fact]
    public void NoTypeStandsForNothing() => Types.Keys.ShouldBe(ApiDocument.Schemas.Keys, ignoreOrder: true);

    [Fact]
    public void TheEventsHaveTheFieldsOfTheServicesOwn()
    {
        Names(ManagementJson.Default.PhaseChanged).ShouldBe(Names(ControlPlaneJson.Default.PhaseEvent), ignoreOrder: true);
        Names(ManagementJson.Default.FaultChanged).ShouldBe(Names(ControlPlaneJson.Default.FaultEvent), ignoreOrder: true);
        Enum.GetNames<FaultEnd>().ShouldBe(Enum.GetNames<Transport.Faults.FaultEnd>());
        Enum.GetNames<RejectReason>().ShouldBe(Enum.GetNames<Transport.Accepting.RejectReason>());
        Enum.GetNames<LimitPolicy>().ShouldBe(Enum.GetNames<Transport.Accepting.LimitPolicy>());
    }

    [Fact]
    public async Task EveryOperationHasACallAndItsExampleIsUnderstood()
    {
        using var service = new ExampleService();
        using var client = new EchoManagementClient(service, Anywhere, apiKey: null);
        var cancellationToken = TestContext.Current.CancellationToken;
        (await client.GetStatsAsync(cancellationToken)).Connections.Closed[CloseReason.ClientFin].ShouldBe(6);
        (await client.GetMetricsAsync(cancellationToken)).ShouldBeEmpty();
        (await client.GetLivenessAsync(cancellationToken)).Status.ShouldBe(HealthStatus.Ok);
        (await client.GetHealthAsync(cancellationToken)).Phase.ShouldBe(ServicePhase.Serving);
        (await client.GetReadinessAsync(cancellationToken)).Reason.ShouldBeNull();
        (await client.GetClientsAsync(cancellationToken: cancellationToken).SingleAsync(cancellationToken)).Age.ShouldBe(TimeSpan.FromSeconds(12.5));
        (await client.GetClientAsync(42, cancellationToken)).RemoteEndPoint.ShouldBe("192.0.2.7:51234");
        (await client.CloseClientAsync(42, CloseMode.Reset, cancellationToken)).CloseReason.ShouldBe(CloseReason.Admin);
        (await client.CloseClientsAsync(new CloseClientsRequest { Percent = 25 }, cancellationToken)).ShouldBe(new CloseClientsResult { Matched = 400, Closing = 100 });
        (await client.GetDrainAsync(cancellationToken)).Trigger.ShouldBe(DrainTrigger.Api);
        (await client.BeginDrainAsync(cancellationToken: cancellationToken)).Initial.ShouldBe(125);
        (await client.CancelDrainAsync(cancellationToken)).Deadline.ShouldBeNull();
        (await client.GetFaultsAsync(cancellationToken)).Items.ShouldHaveSingleItem().Delay.ShouldBe(TimeSpan.FromMilliseconds(250));
        (await client.InjectAsync(Faults[0], cancellationToken)).Id.ShouldBe(3);
        (await client.GetFaultAsync(3, cancellationToken)).Kind.ShouldBe(FaultKind.Delay);
        (await client.EndFaultAsync(3, cancellationToken)).Connections.ShouldBe(FaultScope.All);
        (await client.EndFaultsAsync(cancellationToken)).ShouldHaveSingleItem().Seed.ShouldBe(7);
        // Its example is shortened, so that it is no JSON.
        await Should.ThrowAsync<JsonException>(async () => await client.GetEventsAsync(cancellationToken).FirstAsync(cancellationToken));

        service.Requests.Select(request => request.Operation.Id).Order().ShouldBe(ApiDocument.Operations.Keys.Order());
        service.Requests.Single(request => request.Operation.Id == "CloseClient").Query.ShouldBe(new Dictionary<string, string> { ["mode"] = "reset" });
    }

    [Fact]
    public async Task EveryParameterOfTheListCanBeSaidInEveryWay()
    {
        using var service = new ExampleService();
        using var client = new EchoManagementClient(service, Anywhere, apiKey: null);
        var sorts = new List<string>();
        foreach (var sort in Enum.GetValues<ClientSort>())
        {
            foreach (var descending in (bool[])[false, true])
            {
                var filter = new ClientFilter
                {
                    State = ConnectionState.Closing,
                    Listener = ListenerKind.Banner,
                    Remote = "10.0.0.0/8",
                    MinAge = Second,
                    MinIdle = Minute,
                    MinPendingBytes = 1,
                    Fault = 3,
                    Sort = sort,
                    Descending = descending,
                    PageSize = 10,
                };
                await client.GetClientPageAsync(filter, "a+b=", TestContext.Current.CancellationToken);
                service.Requests.TryDequeue(out var request).ShouldBeTrue();
                sorts.Add(request.Query.GetValueOrDefault("sort") ?? "id");
                if (sorts.Count > 1)
                {
                    request.Query.Keys.ShouldBe(request.Operation.Query, ignoreOrder: true);
                    request.Query["cursor"].ShouldBe("a+b=");
                    request.Query["minIdleSeconds"].ShouldBe("60");
                    request.Query["listener"].ShouldBe("banner");
                }
            }
        }

        var values = ApiDocument.Operations["GetClients"].Parameters.Single(parameter => parameter.GetProperty("name").GetString() == "sort").GetProperty("schema").GetProperty("enum");
        sorts.ShouldBe(values.EnumerateArray().Select(value => value.GetString()));
    }

    [Fact]
    public void EveryKindOfFaultHasATypeWithItsParametersAndNoOther()
    {
        Faults.Select(fault => fault.Kind).ShouldBe(Enum.GetValues<FaultKind>());
        typeof(Fault).GetNestedTypes().Where(type => !type.IsAbstract).ShouldBe(Faults.Select(fault => fault.GetType()), ignoreOrder: true);
        foreach (var fault in Faults)
        {
            var parameters = FaultParameters.Of(Enum.Parse<ServiceFaultKind>(fault.Kind.ToString()));
            var body = JsonSerializer.SerializeToElement(fault.ToBody(), ManagementJson.Default.FaultBody).EnumerateObject().Select(field => field.Name).ToList();
            body.ShouldBe(parameters.All.Concat(["kind", "durationSeconds"]), ignoreOrder: true, fault.Kind.ToString());
            // What must be given cannot be forgotten, for it does not compile without.
            var needed = fault.GetType().GetProperties().Where(property => property.IsDefined(typeof(System.Runtime.CompilerServices.RequiredMemberAttribute), inherit: true)).Select(property => property.Name);
            needed.Count().ShouldBe(parameters.Required is null ? 1 : 2, fault.Kind.ToString());
            fault.GetType().Name.ShouldBe(fault.Kind.ToString());
        }
    }

    private static JsonTypeInfo Info(Type type) => ManagementJson.Default.GetTypeInfo(type).ShouldNotBeNull();

    private static IEnumerable<string> Names(JsonTypeInfo type) => type.Properties.Select(property => property.Name);

    private static IEnumerable<string> EnumNames(Type type) =>
        Enum.GetValuesAsUnderlyingType(type).Cast<object>().Select(value => JsonSerializer.Serialize(Enum.ToObject(type, value), type, ManagementJson.Default).Trim('"'));

    private static (Type Type, bool Nullable) TypeOf(string field, JsonElement schema)
    {
        if (schema.TryGetProperty("oneOf", out var choices))
        {
            var other = choices.EnumerateArray().Single(choice => !choice.TryGetProperty("type", out var type) || type.GetString() != "null");
            return (TypeOf(field, other).Type, true);
        }

        if (schema.TryGetProperty("$ref", out var reference))
        {
            return (Types[reference.GetString()!.Split('/')[^1]], false);
        }

        var types = schema.GetProperty("type");
        var names = types.ValueKind == JsonValueKind.Array ? types.EnumerateArray().Select(type => type.GetString()).ToList() : [types.GetString()];
        var format = schema.TryGetProperty("format", out var given) ? given.GetString() : null;
        var clr = (names.Single(name => name != "null"), format) switch
        {
            ("boolean", _) => typeof(bool),
            ("string", "date-time") => typeof(DateTimeOffset),
            ("string", _) => typeof(string),
            ("integer", "int32") => typeof(int),
            ("integer", "int64") => typeof(long),
            ("number", _) => typeof(double),
            ("array", _) => typeof(IReadOnlyList<>).MakeGenericType(TypeOf(field, schema.GetProperty("items")).Type),
            ("object", _) => typeof(IReadOnlyDictionary<,>).MakeGenericType(
                field switch { "closed" => typeof(CloseReason), "rejected" => typeof(RejectReason), _ => typeof(string) },
                TypeOf(field, schema.GetProperty("additionalProperties")).Type),
            var other => throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{field} is {other}")),
        };
        return (clr, names.Contains("null"));
    }
}
