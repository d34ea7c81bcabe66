using EchoService.Probe.Dialing;
using EchoService.Probe.Reporting;

namespace EchoService.Probe.Display;

/// <summary>An interval as one character; what is worst in it decides.</summary>
internal static class Timeline
{
    /// <param name="protocols">Of the run's targets.</param>
    public static string Legend(IEnumerable<Protocol> protocols) => protocols.Distinct().ToArray() switch
    {
        [Protocol.Tcp] => "# well   | ended   ~ late   . silent   ! connect failed   x lost or wrong",
        [Protocol.Udp] => "# well   ~ late, disordered   . silent   ! refused   x lost or wrong",
        _ => "# well  | ended  ~ late, disordered  . silent  ! failed  x lost or wrong",
    };

    public static char Glyph(TimelineReport interval) => interval switch
    {
        { Lost: > 0 } or { Corrupted: > 0 } => 'x',
        { ConnectFailures: > 0 } => '!',
        { Answered: 0 } => '.',
        { Late: > 0 } or { Disordered: > 0 } => '~',
        { Ended: > 0 } => '|',
        _ => '#',
    };

    /// <summary>The parameter of the terminal's sequence for its colour.</summary>
    public static string Colour(char glyph) => glyph switch
    {
        'x' or '!' => "31",
        '~' => "33",
        '|' => "34",
        '.' => "90",
        _ => "32",
    };
}
