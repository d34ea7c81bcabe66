using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using EchoService.Transport.Addressing;

namespace EchoService.Configuration;

/// <summary>The kinds of value that settings and query parameters have.</summary>
internal static class ValueFormats
{
    private static readonly string[] DurationFormats = [@"hh\:mm\:ss", @"hh\:mm\:ss\.FFFFFFF", @"d\.hh\:mm\:ss", @"d\.hh\:mm\:ss\.FFFFFFF"];

    public static ValueFormat<bool> Boolean { get; } = new("true or false", bool.TryParse);

    /// <summary>An address to bind.</summary>
    public static ValueFormat<IPAddress> Address { get; } = new("an IPv4 or IPv6 address such as 0.0.0.0 or ::", TryParseLocal, HintLocal);

    /// <summary>An address or a range.</summary>
    public static ValueFormat<AddressRange> Range { get; } =
        new("an address or a range (CIDR) such as 192.0.2.7, 10.0.0.0/8 or fd00::/8", AddressRange.TryParse, AddressRange.Suggest);

    /// <summary>Address ranges, separated by commas; none is allowed.</summary>
    public static ValueFormat<IReadOnlyList<AddressRange>> Ranges { get; } = new(
        "address ranges (CIDR) such as 10.0.0.0/8 or fd00::/8",
        TryParseRanges,
        text => Items(text).Select(AddressRange.Suggest).FirstOrDefault(suggestion => suggestion is not null));

    /// <summary>Where something is reached over HTTP.</summary>
    public static ValueFormat<Uri> Url { get; } = new("an absolute URL such as http://10.0.0.7:8080 or https://echo.example.org", TryParseUrl);

    public static ValueFormat<long> Integer(long min, long max) =>
        new($"a whole number from {min} to {max}", (string text, out long value) =>
            long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= min && value <= max);

    /// <summary>A number that may have a fraction, in plain notation.</summary>
    public static ValueFormat<double> Number(double min, double max) =>
        new(string.Create(CultureInfo.InvariantCulture, $"a number from {min:0} to {max:0}"), (string text, out double value) =>
            double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value)
            && value >= min && value <= max);

    /// <summary>The names of <typeparamref name="T"/> in camel case, as JSON has them.</summary>
    public static ValueFormat<T> Name<T>()
        where T : struct, Enum => Name([.. Enum.GetValues<T>().Select(value => (JsonNamingPolicy.CamelCase.ConvertName(value.ToString()), value))]);

    /// <summary>Values that have names.</summary>
    public static ValueFormat<T> Name<T>(params (string Name, T Value)[] values) =>
        new(Alternatives([.. values.Select(value => value.Name)]), (string text, [MaybeNullWhen(false)] out T value) =>
        {
            var index = Array.FindIndex(values, candidate => candidate.Name.Equals(text, StringComparison.OrdinalIgnoreCase));
            value = index < 0 ? default : values[index].Value;
            return index >= 0;
        });

    /// <summary>A duration <c>hh:mm:ss</c>, with days and fractions where needed.</summary>
    /// <param name="min">The shortest.</param>
    /// <param name="max">The longest.</param>
    /// <param name="zero">What 0 means, where it is allowed next to <paramref name="min"/> for something special.</param>
    /// <param name="minusOne">What -1 means, where it is allowed.</param>
    public static ValueFormat<TimeSpan> Duration(TimeSpan min, TimeSpan max, string? zero = null, string? minusOne = null)
    {
        var special = (zero is null ? "" : $"0 ({zero}), ") + (minusOne is null ? "" : $"-1 ({minusOne}), ");
        var allowed = $"{special}{(special == "" ? "" : "or ")}a duration hh:mm:ss from {Format(min)} to {Format(max)}";
        return new ValueFormat<TimeSpan>(allowed, Parse, Hint);

        bool Parse(string text, out TimeSpan value)
        {
            value = TimeSpan.Zero;
            if (text == "-1" && minusOne is not null)
            {
                value = TimeSpan.FromSeconds(-1);
                return true;
            }

            // Not TimeSpan.Parse, for which 30 is thirty days and 24:00:00 is twenty-four.
            if (text != "0" && !TimeSpan.TryParseExact(text, DurationFormats, CultureInfo.InvariantCulture, out value))
            {
                return false;
            }

            return (value >= min && value <= max) || (value == TimeSpan.Zero && zero is not null);
        }

        static string? Hint(string text) =>
            int.TryParse(text.TrimEnd('s'), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
                ? $"for {seconds} seconds write {Format(TimeSpan.FromSeconds(seconds))}"
                : null;
    }

    /// <summary>As it is written in configuration.</summary>
    public static string Format(TimeSpan duration)
    {
        var text = duration.ToString("c", CultureInfo.InvariantCulture);
        return duration.Ticks % TimeSpan.TicksPerSecond == 0 ? text : text.TrimEnd('0');
    }

    private static bool TryParseLocal(string text, [MaybeNullWhen(false)] out IPAddress value) =>
        Addresses.TryParse(text, out value) && !LacksZone(value);

    private static bool TryParseUrl(string text, [MaybeNullWhen(false)] out Uri value)
    {
        // Kubernetes gives a pod its IPv6 address without brackets, and has no way to put them round it: the last colon
        // is that before the port, as in http://fd00::7:8080.
        var port = text.LastIndexOf(':');
        var scheme = text.IndexOf("://", StringComparison.Ordinal) + 3;
        var bracketed = scheme > 2 && port > scheme && text[scheme] != '[' && Addresses.TryParse(text[scheme..port], out var address) && address.AddressFamily == AddressFamily.InterNetworkV6
            ? $"{text[..scheme]}[{text[scheme..port]}]{text[port..]}"
            : text;
        return Uri.TryCreate(bracketed, UriKind.Absolute, out value)
            && value is { Scheme: "http" or "https", Host.Length: > 0, UserInfo: "", Query: "", Fragment: "" }
            && !text.Contains(' ', StringComparison.Ordinal);
    }

    private static string? HintLocal(string text) =>
        Addresses.TryParse(text, out var address) && LacksZone(address)
            ? $"a link-local address is one of an interface, and needs its zone: {text.Split('%')[0]}%eth0, say"
            : null;

    private static bool LacksZone(IPAddress address) => address.IsIPv6LinkLocal && address.ScopeId == 0;

    private static bool TryParseRanges(string text, [MaybeNullWhen(false)] out IReadOnlyList<AddressRange> value)
    {
        var ranges = new List<AddressRange>();
        value = ranges;
        foreach (var item in Items(text))
        {
            if (!AddressRange.TryParseCidr(item, out var range))
            {
                return false;
            }

            ranges.Add(range);
        }

        return true;
    }

    private static string[] Items(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private static string Alternatives(string[] names) =>
        names.Length == 1 ? names[0] : $"{string.Join(", ", names[..^1])} or {names[^1]}";
}
