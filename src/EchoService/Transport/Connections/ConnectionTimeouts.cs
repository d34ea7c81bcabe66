using EchoService.Transport.ProxyProtocol;
using EchoService.Transport.Timing;

namespace EchoService.Transport.Connections;

/// <summary>The timeouts of <see cref="EchoOptions"/> in milliseconds, as the sweep compares them; 0 means never.</summary>
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
}
