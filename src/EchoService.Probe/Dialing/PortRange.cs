using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace EchoService.Probe.Dialing;

/// <summary>Ports from the first to the last, both included: <c>20000-20999</c>, or a single one.</summary>
internal readonly record struct PortRange(int First, int Last)
{
    public int Count => Last - First + 1;

    public static bool TryParse(string text, [NotNullWhen(true)] out PortRange? range)
    {
        var parts = text.Split('-');
        range = parts.Length <= 2 && IsPort(parts[0], out var first) && IsPort(parts[^1], out var last) && first <= last ? new PortRange(first, last) : null;
        return range is not null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");

    private static bool IsPort(string text, out int port) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out port) && port is >= 1 and <= 65535;
}
