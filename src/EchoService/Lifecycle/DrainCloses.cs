using EchoService.Transport;
using EchoService.Transport.Connections;

namespace EchoService.Lifecycle;

/// <summary>Connections that ended, by whose doing.</summary>
/// <param name="ByClient">The client left by FIN, by reset or by an error on its side.</param>
/// <param name="Gracefully">The server sent FIN after the last echo: drain, API, lifetime or idle.</param>
/// <param name="Forced">Cut off with an echo pending, or at the deadline.</param>
internal readonly record struct DrainCloses(long ByClient, long Gracefully, long Forced)
{
    public long Total => ByClient + Gracefully + Forced;

    /// <summary>All that ever ended.</summary>
    public static DrainCloses Read(TransportCounters counters)
    {
        var closes = default(DrainCloses);
        foreach (var reason in Enum.GetValues<CloseReason>())
        {
            var count = counters.Closed(reason);
            closes += reason switch
            {
                CloseReason.Drain or CloseReason.Admin or CloseReason.IdleTimeout or CloseReason.MaxLifetime => new DrainCloses(0, count, 0),
                CloseReason.DrainForced or CloseReason.SendTimeout => new DrainCloses(0, 0, count),
                _ => new DrainCloses(count, 0, 0),
            };
        }

        return closes;
    }

    public static DrainCloses operator +(DrainCloses left, DrainCloses right) =>
        new(left.ByClient + right.ByClient, left.Gracefully + right.Gracefully, left.Forced + right.Forced);

    public static DrainCloses operator -(DrainCloses left, DrainCloses right) =>
        new(left.ByClient - right.ByClient, left.Gracefully - right.Gracefully, left.Forced - right.Forced);
}
