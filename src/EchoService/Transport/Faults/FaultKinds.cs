namespace EchoService.Transport.Faults;

/// <summary>What kinds have in common.</summary>
internal static class FaultKinds
{
    public static IReadOnlyList<FaultKind> All { get; } = Enum.GetValues<FaultKind>();

    public static FaultPlace PlaceOf(FaultKind kind) => kind switch
    {
        FaultKind.Refuse or FaultKind.NoAccept or FaultKind.ResetNew => FaultPlace.Listener,
        FaultKind.Unready or FaultKind.FalseReady => FaultPlace.Readiness,
        FaultKind.UdpDrop or FaultKind.UdpDelay or FaultKind.UdpDuplicate => FaultPlace.Datagram,
        _ => FaultPlace.Connection,
    };
}
