using EchoService.Probe.Dialing;

namespace EchoService.Probe.Events;

/// <summary>Which words are about which protocol; the others are about both.</summary>
internal static class Vocabulary
{
    public static bool IsOf(this ProbeEventKind kind, Protocol protocol) => kind switch
    {
        ProbeEventKind.LostBytes or ProbeEventKind.Reset or ProbeEventKind.FinInsideMessage or ProbeEventKind.Stalled
            or ProbeEventKind.ConnectTimeout or ProbeEventKind.FinAtBoundary => protocol == Protocol.Tcp,
        ProbeEventKind.StuckFlow or ProbeEventKind.Duplicated or ProbeEventKind.Reordered => protocol == Protocol.Udp,
        _ => true,
    };
}
