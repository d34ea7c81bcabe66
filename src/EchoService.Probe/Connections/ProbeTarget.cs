using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace EchoService.Probe.Connections;

/// <summary>HOST:PORT, where the host is a name, an IPv4 address or an IPv6 address in brackets.</summary>
internal sealed record ProbeTarget(string Host, int Port)
{
    public static bool TryParse(string text, [NotNullWhen(true)] out ProbeTarget? target)
    {
        target = null;
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

        target = new ProbeTarget(host, port);
        return true;
    }

    public override string ToString() => Host.Contains(':', StringComparison.Ordinal)
        ? string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
}
