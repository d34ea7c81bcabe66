using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace EchoService.Probe;

/// <summary>How much of something is still no disruption: a number, or a share of all as in <c>0.1%</c>.</summary>
internal readonly record struct Limit(double Value, bool IsShare)
{
    public static bool TryParse(string text, [NotNullWhen(true)] out Limit? limit)
    {
        var isShare = text.EndsWith('%');
        var number = isShare ? text.AsSpan(0, text.Length - 1) : text;
        var style = isShare ? NumberStyles.AllowDecimalPoint : NumberStyles.None;
        limit = double.TryParse(number, style, CultureInfo.InvariantCulture, out var value) && value <= (isShare ? 100 : 1e15) ? new Limit(value, isShare) : null;
        return limit is not null;
    }

    /// <summary>Whether <paramref name="count"/> out of <paramref name="of"/> is within it.</summary>
    public bool Holds(long count, long of) => count == 0 || count <= (IsShare ? Value / 100 * of : Value);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Value:0.########}{(IsShare ? "%" : "")}");
}
