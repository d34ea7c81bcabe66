using EchoService.Transport.Accepting;
using EchoService.Transport.Connections;

namespace EchoService.ControlPlane.Stats;

/// <summary>TCP connections.</summary>
/// <param name="Active">Connected now, closing ones included.</param>
/// <param name="Peak">The most at once.</param>
/// <param name="Limit">The most that may be at once.</param>
/// <param name="Accepted">All that ever were.</param>
/// <param name="Closed">Those that ended, by reason.</param>
/// <param name="Rejected">Those turned away, by reason; they do not count as accepted.</param>
internal sealed record ConnectionStats(
    int Active,
    int Peak,
    int Limit,
    long Accepted,
    IReadOnlyDictionary<CloseReason, long> Closed,
    IReadOnlyDictionary<RejectReason, long> Rejected);
