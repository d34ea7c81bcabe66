using System.Text.Json;
using System.Text.Json.Serialization;
using EchoService.ControlPlane.Clients;
using EchoService.ControlPlane.Drain;
using EchoService.ControlPlane.Events;
using EchoService.ControlPlane.Health;
using EchoService.ControlPlane.Stats;
using Microsoft.AspNetCore.Mvc;

namespace EchoService.ControlPlane;

/// <summary>What the API reads and writes, with its serializers made at compile time.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(StatsResponse))]
[JsonSerializable(typeof(ClientListResponse))]
[JsonSerializable(typeof(CloseClientsBody))]
[JsonSerializable(typeof(CloseClientsResponse))]
[JsonSerializable(typeof(DrainBody))]
[JsonSerializable(typeof(DrainResponse))]
[JsonSerializable(typeof(HealthResponse))]
[JsonSerializable(typeof(PhaseEvent))]
[JsonSerializable(typeof(ProblemDetails))]
[JsonSerializable(typeof(HttpValidationProblemDetails))]
internal sealed partial class ControlPlaneJson : JsonSerializerContext;
