using System.Text.Json;

namespace EchoService.Probe.Explaining;

/// <summary>What an instance says of a connection, as far as it is looked at.</summary>
/// <param name="State">open, closing or closed.</param>
/// <param name="CloseReason">Who asked for its end; null: nobody has.</param>
/// <param name="ClosePercent">The share that the API call shed which closed it; null: it was not shed.</param>
/// <param name="ClosedAt">When it ended; null: it has not.</param>
/// <param name="AgeSeconds">How long it was connected.</param>
/// <param name="IdleSeconds">How long no byte had moved.</param>
/// <param name="BytesReceived">Bytes that came.</param>
/// <param name="BytesSent">Bytes that went back.</param>
/// <param name="FaultKind">The fault that has hold of it; null: none.</param>
internal sealed record ClientFacts(
    string State,
    string? CloseReason,
    double? ClosePercent,
    DateTimeOffset? ClosedAt,
    double AgeSeconds,
    double IdleSeconds,
    long BytesReceived,
    long BytesSent,
    string? FaultKind)
{
    /// <exception cref="InvalidOperationException">A field is of another kind.</exception>
    /// <exception cref="KeyNotFoundException">A field is missing.</exception>
    public static ClientFacts Of(JsonElement client, string? faultKind) => new(
        client.GetProperty("state").GetString() ?? "",
        client.GetProperty("closeReason").GetString(),
        Optional(client, "closePercent") is { } percent ? percent.GetDouble() : null,
        Optional(client, "closedAt") is { } closedAt ? closedAt.GetDateTimeOffset() : null,
        client.GetProperty("ageSeconds").GetDouble(),
        client.GetProperty("idleSeconds").GetDouble(),
        client.GetProperty("bytesReceived").GetInt64(),
        client.GetProperty("bytesSent").GetInt64(),
        faultKind);

    /// <summary>A field that may be missing or null.</summary>
    public static JsonElement? Optional(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
