using EchoService.Transport.Faults;

namespace EchoService.ControlPlane.Faults;

/// <summary>Which parameters a kind of fault has, beside its duration.</summary>
/// <param name="Required">The one that must be given; null: none.</param>
/// <param name="All">That one and those that may be.</param>
internal sealed record FaultParameters(string? Required, IReadOnlyList<string> All)
{
    private static readonly string[] Choice = ["remote", "percent", "seed"];

    public static FaultParameters Of(FaultKind kind)
    {
        (string? required, string[] own) = kind switch
        {
            FaultKind.Delay => ("milliseconds", ["jitterMilliseconds"]),
            FaultKind.Throttle => ("bytesPerSecond", []),
            FaultKind.Slice => ("bytes", ["everyMilliseconds"]),
            FaultKind.Reset or FaultKind.Fin => (null, ["afterBytes", "afterSeconds"]),
            FaultKind.Corrupt or FaultKind.Drop or FaultKind.Duplicate => ("everyBytes", []),
            FaultKind.UdpDelay => ("milliseconds", []),
            _ => ((string?)null, (string[])[]),
        };
        string[] all = required is null ? own : [required, .. own];
        return new FaultParameters(required, kind switch
        {
            FaultKind.Refuse or FaultKind.NoAccept or FaultKind.Unready or FaultKind.FalseReady => all,
            _ when FaultKinds.PlaceOf(kind) == FaultPlace.Connection => [.. all, "connections", .. Choice],
            _ => [.. all, .. Choice],
        });
    }
}
