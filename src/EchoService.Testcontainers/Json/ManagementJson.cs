using System.Text.Json;
using System.Text.Json.Serialization;

namespace EchoService.Testcontainers;

/// <summary>What the client reads and writes, with its serializers made at compile time.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ActiveFault))]
[JsonSerializable(typeof(ClientInfo))]
[JsonSerializable(typeof(ClientPage))]
[JsonSerializable(typeof(CloseClientsRequest))]
[JsonSerializable(typeof(CloseClientsResult))]
[JsonSerializable(typeof(DrainRequest))]
[JsonSerializable(typeof(DrainStatus))]
[JsonSerializable(typeof(EchoEvent.FaultChanged))]
[JsonSerializable(typeof(EchoEvent.PhaseChanged))]
[JsonSerializable(typeof(EchoStats))]
[JsonSerializable(typeof(FaultBody))]
[JsonSerializable(typeof(FaultList))]
[JsonSerializable(typeof(Health))]
[JsonSerializable(typeof(Problem))]
internal sealed partial class ManagementJson : JsonSerializerContext;
