using EchoService.Transport.ProxyProtocol;
using EchoService.Transport.Timing;

namespace EchoService.Transport.Connections;

/// <summary>The timeouts of <see cref="EchoOptions"/> in milliseconds, and when which is over; 0 means never.</summary>
/// <param name="Idle"><c>Echo:IdleTimeout</c></param>
/// <param name="Send"><c>Echo:SendTimeout</c></param>
/// <param name="Close"><c>Echo:CloseTimeout</c>; 0 means at once</param>
/// <param name="ProxyHeader"><c>Echo:ProxyHeaderTimeout</c>, where a header is required</param>
/// <param name="SweepInterval">Time between two sweeps: an eighth of the shortest timeout, between one heartbeat and a second.</param>
internal sealed record ConnectionTimeouts(long Idle, long Send, long Close, long ProxyHeader, long SweepInterval)
{
    public static ConnectionTimeouts From(EchoOptions options)
    {
        var proxyHeader = options.ProxyProtocol == ProxyProtocolMode.Required ? options.ProxyHeaderTimeout : TimeSpan.Zero;
        var shortest = new[] { options.IdleTimeout, options.SendTimeout, options.CloseTimeout, options.MaxLifetime, proxyHeader }
            .Where(timeout => timeout > TimeSpan.Zero)
            .DefaultIfEmpty(TimeSpan.MaxValue)
            .Min();
        var interval = Math.Clamp(shortest.TotalMilliseconds / 8, Heartbeat.Interval.TotalMilliseconds, 1000);
        return new ConnectionTimeouts(
            (long)options.IdleTimeout.TotalMilliseconds,
            (long)options.SendTimeout.TotalMilliseconds,
            (long)options.CloseTimeout.TotalMilliseconds,
            (long)proxyHeader.TotalMilliseconds,
            (long)interval);
    }

    /// <summary>Decides whose time is up. Nothing but its arguments counts, and nothing is changed.</summary>
    /// <param name="phase">Where the connection stands.</param>
    /// <param name="watch">What has been seen of it.</param>
    /// <param name="expiresAt">When it has reached its age.</param>
    /// <param name="now">The time of the sweep.</param>
    public TimeoutVerdict Decide(ConnectionPhase phase, in ProgressWatch watch, long expiresAt, long now)
    {
        var quiet = now - watch.MovedAt;
        return phase switch
        {
            ConnectionPhase.ReadingHeader when now - watch.FirstSeenAt >= ProxyHeader => TimeoutVerdict.ProxyHeader,
            // It has all our bytes and our FIN; nothing that it sends now would be echoed.
            ConnectionPhase.Closing when watch.FinAcknowledgedAt != ProgressWatch.Never =>
                now - watch.FinAcknowledgedAt >= Close ? TimeoutVerdict.Close : TimeoutVerdict.None,
            // One that was asked to leave and takes nothing gets no longer than the wait for its FIN would be.
            ConnectionPhase.Closing or ConnectionPhase.Finishing when quiet >= (Send != 0 ? Send : Close) => TimeoutVerdict.Send,
            ConnectionPhase.Echoing when Send != 0 && quiet >= Send => TimeoutVerdict.Send,
            ConnectionPhase.Echoing or ConnectionPhase.Receiving when Idle != 0 && quiet >= Idle => TimeoutVerdict.Idle,
            ConnectionPhase.Echoing or ConnectionPhase.Receiving or ConnectionPhase.ReadingHeader when now >= expiresAt => TimeoutVerdict.Lifetime,
            _ => TimeoutVerdict.None,
        };
    }
}
