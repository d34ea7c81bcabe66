using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace EchoService.Probe.Dialing;

/// <summary>HOST:PORT, or udp://HOST:PORT, where the host is a name, an IPv4 address or an IPv6 address in brackets.</summary>
internal sealed record ProbeTarget(string Host, int Port, Protocol Protocol = Protocol.Tcp)
{
    /// <summary>What a target begins with that is asked over UDP.</summary>
    public const string UdpScheme = "udp://";

    public static bool TryParse(string text, [NotNullWhen(true)] out ProbeTarget? target)
    {
        target = null;
        var protocol = text.StartsWith(UdpScheme, StringComparison.Ordinal) ? Protocol.Udp : Protocol.Tcp;
        text = protocol == Protocol.Udp ? text[UdpScheme.Length..] : text;
        var colon = text.LastIndexOf(':');
        if (colon < 1)
        {
            return false;
        }

        var host = text[..colon];
        var bracketed = host.StartsWith('[') && host.EndsWith(']');
        if (bracketed)
        {
            host = host[1..^1];
        }

        if (host.Contains(':', StringComparison.Ordinal) != bracketed || Uri.CheckHostName(host) == UriHostNameType.Unknown)
        {
            return false;
        }

        if (!int.TryParse(text.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > 65535)
        {
            return false;
        }

        target = new ProbeTarget(host, port, protocol);
        return true;
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Protocol == Protocol.Udp ? UdpScheme : "")}{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}
