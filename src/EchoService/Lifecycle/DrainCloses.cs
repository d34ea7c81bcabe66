using EchoService.Transport;
using EchoService.Transport.Connections;

namespace EchoService.Lifecycle;

/// <summary>Connections that ended, by how they went.</summary>
/// <param name="ByClient">The client left, by FIN or by reset, before or after it was asked to.</param>
/// <param name="Gracefully">The service asked, for whatever reason, and the client got everything and FIN.</param>
/// <param name="Forced">The service reset it, for whatever reason.</param>
internal readonly record struct DrainCloses(long ByClient, long Gracefully, long Forced)
{
    public long Total => ByClient + Gracefully + Forced;

    /// <summary>All that ever ended.</summary>
    public static DrainCloses Read(TransportCounters counters)
    {
        var closes = default(DrainCloses);
        foreach (var reason in Enum.GetValues<CloseReason>())
        {
            closes += new DrainCloses(
                counters.Closed(reason, CloseOutcome.CutByClient) + (IsByClient(reason) ? counters.Closed(reason, CloseOutcome.InOrder) : 0),
                IsByClient(reason) ? 0 : counters.Closed(reason, CloseOutcome.InOrder),
                counters.Closed(reason, CloseOutcome.CutByService));
        }

        return closes;
    }

    public static DrainCloses operator +(DrainCloses left, DrainCloses right) =>
        new(left.ByClient + right.ByClient, left.Gracefully + right.Gracefully, left.Forced + right.Forced);

    public static DrainCloses operator -(DrainCloses left, DrainCloses right) =>
        new(left.ByClient - right.ByClient, left.Gracefully - right.Gracefully, left.Forced - right.Forced);

    private static bool IsByClient(CloseReason reason) => reason is CloseReason.ClientFin or CloseReason.ProxyHeader;
}
