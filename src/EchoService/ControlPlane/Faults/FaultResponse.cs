using System.Text.Json.Serialization;
using EchoService.Transport.Faults;

namespace EchoService.ControlPlane.Faults;

/// <summary>A fault at one moment. Parameters that its kind does not have, or that were not given, are left out.</summary>
/// <param name="Id">Never reused within a process.</param>
/// <param name="Kind">What goes wrong.</param>
/// <param name="StartedAt">When it began.</param>
/// <param name="EndsAt">When it ends by itself.</param>
/// <param name="DurationSeconds">The time between the two.</param>
/// <param name="ConnectionsAffected">Connections that it has taken hold of so far, or reset; datagrams, for one that is about those.</param>
/// <param name="ConnectionsHeld">Connections that it has hold of now.</param>
/// <param name="BytesAffected">Bytes that it has altered, held back or kept from being sent.</param>
/// <param name="Milliseconds">How much later an echo leaves.</param>
/// <param name="JitterMilliseconds">How much more than that at most.</param>
/// <param name="BytesPerSecond">What each connection gets.</param>
/// <param name="Bytes">The size of a piece.</param>
/// <param name="EveryMilliseconds">The time between two pieces.</param>
/// <param name="AfterBytes">After how many bytes connections are cut.</param>
/// <param name="AfterSeconds">After how long they are.</param>
/// <param name="EveryBytes">Of how many bytes the last is altered.</param>
/// <param name="Connections">Which connections, by when they were accepted.</param>
/// <param name="Remote">Only clients from there.</param>
/// <param name="Percent">How much of what it meets it is about.</param>
/// <param name="Seed">What chance is drawn from.</param>
internal sealed record FaultResponse(
    long Id,
    FaultKind Kind,
    DateTime StartedAt,
    DateTime EndsAt,
    double DurationSeconds,
    long ConnectionsAffected,
    int ConnectionsHeld,
    long BytesAffected,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Milliseconds = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? JitterMilliseconds = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? BytesPerSecond = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Bytes = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? EveryMilliseconds = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? AfterBytes = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? AfterSeconds = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? EveryBytes = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] FaultScope? Connections = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Remote = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Percent = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] long? Seed = null)
{
    /// <param name="fault">What it is about.</param>
    /// <param name="held">Connections that it has hold of now.</param>
    public static FaultResponse From(Fault fault, int held)
    {
        var spec = fault.Spec;
        var parameters = FaultParameters.Of(fault.Kind).All;
        return new FaultResponse(
            fault.Id,
            fault.Kind,
            fault.StartedAt.UtcDateTime,
            fault.EndsAt.UtcDateTime,
            spec.Duration.TotalSeconds,
            fault.Connections,
            held,
            fault.Bytes,
            If("milliseconds", spec.Delay.TotalMilliseconds),
            If("jitterMilliseconds", spec.Jitter.TotalMilliseconds),
            If("bytesPerSecond", (long)spec.BytesPerSecond),
            If("bytes", (long)spec.PieceBytes),
            If("everyMilliseconds", spec.PieceInterval.TotalMilliseconds),
            spec.AfterBytes,
            spec.After?.TotalSeconds,
            If("everyBytes", spec.EveryBytes),
            If("connections", spec.Scope),
            spec.RemoteText,
            If("percent", spec.Percent),
            If("seed", (long)spec.Seed));

        T? If<T>(string name, T value)
            where T : struct => parameters.Contains(name) ? value : null;
    }
}
