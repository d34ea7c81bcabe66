using System.Globalization;
using System.Text.Json;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;

namespace EchoService.Probe.Display;

/// <summary>Numbers and events as people read them.</summary>
internal static class Wording
{
    public static string Count(double number) => number.ToString("#,0", CultureInfo.InvariantCulture);

    public static string Count(long number, string one, string many) => $"{Count(number)} {(number == 1 ? one : many)}";

    public static string Share(double percent) => string.Create(CultureInfo.InvariantCulture, $"{percent:0.####}%");

    public static string Duration(double seconds) => seconds switch
    {
        0 => "0",
        < 0.001 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e6:0} µs"),
        < 0.010 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.00} ms"),
        < 1 => string.Create(CultureInfo.InvariantCulture, $"{seconds * 1e3:0.0} ms"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{seconds:0.00} s"),
    };

    public static string Bytes(double bytes) => bytes switch
    {
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes:0} B"),
        < 1 << 20 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024:0.0} KiB"),
        < 1 << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1 << 20):0.0} MiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (1 << 30):0.0} GiB"),
    };

    /// <summary>What clients of a protocol are called.</summary>
    public static string Client(Protocol protocol) => protocol == Protocol.Udp ? "flow" : "connection";

    /// <summary>As JSON has it.</summary>
    public static string Code(ProbeEventKind kind) => JsonNamingPolicy.CamelCase.ConvertName(kind.ToString());

    public static string Of(ProbeEventKind kind, Protocol protocol = Protocol.Tcp) => kind switch
    {
        ProbeEventKind.Refused when protocol == Protocol.Udp => "refused (ICMP)",
        ProbeEventKind.LostMessages when protocol == Protocol.Udp => "lost",
        ProbeEventKind.Corrupted => "wrong bytes",
        ProbeEventKind.LostBytes => "bytes lost",
        ProbeEventKind.Reset => "RST",
        ProbeEventKind.FinInsideMessage => "FIN inside a message",
        ProbeEventKind.Stalled => "stalled",
        ProbeEventKind.StuckFlow => "stuck",
        ProbeEventKind.Refused => "connect refused",
        ProbeEventKind.ConnectTimeout => "connect timed out",
        ProbeEventKind.Unreachable => "unreachable",
        ProbeEventKind.LocalLimit => "out of local descriptors or ports",
        ProbeEventKind.LostMessages => "messages lost",
        ProbeEventKind.LongGap => "gap too long",
        ProbeEventKind.Duplicated => "came twice",
        ProbeEventKind.Reordered => "out of order",
        ProbeEventKind.Late => "late answer",
        ProbeEventKind.FinAtBoundary => "FIN at a message boundary",
        ProbeEventKind.Reconnected => "answered again",
        ProbeEventKind.InstanceAppeared => "first connection",
        ProbeEventKind.InstanceGone => "no connection any more",
        ProbeEventKind.Explained => "explained",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, message: null),
    };
}
