using System.Text.Json;
using System.Text.Json.Serialization;
using EchoService.ControlPlane.Banner;
using EchoService.ControlPlane.Clients;
using EchoService.ControlPlane.Drain;
using EchoService.ControlPlane.Events;
using EchoService.ControlPlane.Faults;
using EchoService.ControlPlane.Health;
using EchoService.ControlPlane.Stats;
using EchoService.Lifecycle;
using EchoService.Transport.Accepting;
using EchoService.Transport.Connections;
using EchoService.Transport.Faults;
using Microsoft.AspNetCore.Mvc;

namespace EchoService.ControlPlane;

/// <summary>What the API reads and writes, with its serializers made at compile time.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(StatsResponse))]
[JsonSerializable(typeof(BannerLine))]
[JsonSerializable(typeof(ClientListResponse))]
[JsonSerializable(typeof(CloseClientsBody))]
[JsonSerializable(typeof(CloseClientsResponse))]
[JsonSerializable(typeof(DrainBody))]
[JsonSerializable(typeof(DrainResponse))]
[JsonSerializable(typeof(FaultBody))]
[JsonSerializable(typeof(FaultEvent))]
[JsonSerializable(typeof(FaultListResponse))]
[JsonSerializable(typeof(FaultResponse))]
[JsonSerializable(typeof(HealthResponse))]
[JsonSerializable(typeof(PhaseEvent))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(HttpValidationProblemDetails))]
internal sealed partial class ControlPlaneJson : JsonSerializerContext
{
    /// <summary>
    /// Enums as camelCase strings, and as nothing else. Each is named here, since a converter for any enum would have to be
    /// made while the program runs, which native code cannot.
    /// </summary>
    public static IReadOnlyList<JsonConverter> EnumConverters { get; } =
    [
        Names<ClosedHow>(),
        Names<CloseMode>(),
        Names<CloseReason>(),
        Names<ConnectionState>(),
        Names<DeadlineAction>(),
        Names<DrainTrigger>(),
        Names<FaultEnd>(),
        Names<FaultKind>(),
        Names<FaultScope>(),
        Names<HealthStatus>(),
        Names<ListenerKind>(),
        Names<ListenerState>(),
        Names<RejectReason>(),
        Names<ServicePhase>(),
    ];

    private static JsonStringEnumConverter<TEnum> Names<TEnum>()
        where TEnum : struct, Enum => new(JsonNamingPolicy.CamelCase, allowIntegerValues: false);
}
