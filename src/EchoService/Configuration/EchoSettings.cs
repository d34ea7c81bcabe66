using EchoService.Transport;
using EchoService.Transport.Accepting;
using EchoService.Transport.ProxyProtocol;
using EchoService.Transport.Timing;

namespace EchoService.Configuration;

/// <summary>The section <c>Echo</c>.</summary>
internal static class EchoSettings
{
    public const string Section = "Echo";

    // Shorter ones could not be kept: the sweep that applies timeouts runs on a beat of 100 ms.
    private static readonly TimeSpan ShortestTimeout = Heartbeat.Interval;
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(30);

    // The kernel takes no longer idle time than this (MAX_TCP_KEEPIDLE in Linux's tcp.h).
    private static readonly TimeSpan LongestKeepAlive = TimeSpan.FromSeconds(32_767);

    public static IReadOnlyList<Setting<EchoOptions>> Table { get; } =
    [
        Row("Address", ValueFormats.Address, (options, value) => options with { Address = value }),
        Row("Port", ValueFormats.Integer(0, 65_535), (options, value) => options with { Port = (int)value }),
        Row("BannerPort", ValueFormats.Integer(0, 65_535), (options, value) => options with { BannerPort = (int)value }),
        Row("MaxConnections", ValueFormats.Integer(1, 1_000_000), (options, value) => options with { MaxConnections = (int)value }),
        Row("LimitPolicy", ValueFormats.Name<LimitPolicy>(), (options, value) => options with { LimitPolicy = value }),
        Row("Backlog", ValueFormats.Integer(1, 65_535), (options, value) => options with { Backlog = (int)value }),
        Row("PendingAccepts", ValueFormats.Integer(1, 256), (options, value) => options with { PendingAccepts = (int)value }),
        Row("ReceiveBufferSize", ValueFormats.Integer(16, 1_048_576), (options, value) => options with { ReceiveBufferSize = (int)value }),
        Row("MaxReceiveBufferSize", ValueFormats.Integer(16, 16_777_216), (options, value) => options with { MaxReceiveBufferSize = (int)value }),
        Row("SocketSendBuffer", ValueFormats.Integer(0, 1 << 30), (options, value) => options with { SocketSendBuffer = (int)value }),
        Row("SocketReceiveBuffer", ValueFormats.Integer(0, 1 << 30), (options, value) => options with { SocketReceiveBuffer = (int)value }),
        Row("NoDelay", ValueFormats.Boolean, (options, value) => options with { NoDelay = value }),
        Row("KeepAlive", ValueFormats.Duration(TimeSpan.FromSeconds(1), LongestKeepAlive, zero: "off"), (options, value) => options with { KeepAlive = value }),
        Row("IdleTimeout", ValueFormats.Duration(ShortestTimeout, LongestTimeout, zero: "never"), (options, value) => options with { IdleTimeout = value }),
        Row("SendTimeout", ValueFormats.Duration(ShortestTimeout, LongestTimeout, zero: "never"), (options, value) => options with { SendTimeout = value }),
        Row("MaxLifetime", ValueFormats.Duration(ShortestTimeout, LongestTimeout, zero: "never"), (options, value) => options with { MaxLifetime = value }),
        Row("CloseTimeout", ValueFormats.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)), (options, value) => options with { CloseTimeout = value }),
        Row("ProxyProtocol", ValueFormats.Name<ProxyProtocolMode>(), (options, value) => options with { ProxyProtocol = value }),
        List("TrustedProxies", ValueFormats.Ranges, (options, value) => options with { TrustedProxies = value }),
        Row("ProxyHeaderTimeout", ValueFormats.Duration(ShortestTimeout, TimeSpan.FromMinutes(1)), (options, value) => options with { ProxyHeaderTimeout = value }),
        Row("Udp:Enabled", ValueFormats.Boolean, (options, value) => options with { Udp = options.Udp with { Enabled = value } }),
        Row("Udp:RatePerSource", ValueFormats.Integer(1, 1_000_000), (options, value) => options with { Udp = options.Udp with { RatePerSource = (int)value } }),
    ];

    /// <summary>What only shows when settings are seen together.</summary>
    public static IEnumerable<string> Check(EchoOptions options)
    {
        if (options.MaxReceiveBufferSize < options.ReceiveBufferSize)
        {
            yield return $"Echo:MaxReceiveBufferSize = \"{options.MaxReceiveBufferSize}\": must be at least Echo:ReceiveBufferSize, which is {options.ReceiveBufferSize}";
        }

        if (options.BannerPort is { } banner && banner != 0 && banner == options.Port)
        {
            yield return $"Echo:BannerPort = \"{banner}\": must be another port than Echo:Port, or 0 for any";
        }

        if (options is { ProxyProtocol: ProxyProtocolMode.Required, TrustedProxies.Count: 0 })
        {
            yield return "Echo:TrustedProxies = \"\": must name the address ranges (CIDR) of the proxies, since Echo:ProxyProtocol is required; anyone could claim any address otherwise";
        }
    }

    private static Setting<EchoOptions, T> Row<T>(string key, ValueFormat<T> format, Func<EchoOptions, T, EchoOptions> set) => new(key, format, set);

    private static Setting<EchoOptions, T> List<T>(string key, ValueFormat<T> format, Func<EchoOptions, T, EchoOptions> set) => new(key, format, set) { IsList = true };
}
