using System.Globalization;
using System.Text.RegularExpressions;

namespace EchoService.IntegrationTests.Diagnostics;

/// <summary>One scrape, read as strictly as the formats are written: what they forbid is an error here.</summary>
internal sealed partial class Exposition
{
    private static readonly string[] Suffixes = ["_total", "_bucket", "_count", "_sum"];

    private readonly Dictionary<string, double> _samples = [];

    private Exposition()
    {
    }

    /// <summary>Values by series: the name, and the labels as they were written.</summary>
    public IReadOnlyDictionary<string, double> Samples => _samples;

    /// <summary>Types by family.</summary>
    public Dictionary<string, string> Types { get; } = [];

    public double this[string series] => _samples.TryGetValue(series, out var value) ? value : throw new ShouldAssertException($"There is no series {series}.");

    public static Exposition Parse(string text)
    {
        var exposition = new Exposition();
        text.ShouldEndWith("\n");
        var openMetrics = text.EndsWith("# EOF\n", StringComparison.Ordinal);
        var lines = text.Split('\n')[..^1];
        var family = "";
        foreach (var line in openMetrics ? lines[..^1] : lines)
        {
            if (Metadata().Match(line) is { Success: true } metadata)
            {
                family = exposition.AddMetadata(family, metadata.Groups["kind"].Value, metadata.Groups["name"].Value, metadata.Groups["text"].Value);
            }
            else
            {
                exposition.AddSample(family, line, openMetrics);
            }
        }

        return exposition;
    }

    /// <summary>What must not go back: counters, and the buckets, counts and sums of histograms.</summary>
    public IEnumerable<KeyValuePair<string, double>> Counters() => _samples.Where(sample => TypeOf(NameOf(sample.Key)) is "counter" or "histogram");

    /// <summary>The cumulative counts of a histogram that has no labels of its own, by upper bound and in the order they were written in.</summary>
    public IReadOnlyList<(double Bound, double Count)> Buckets(string family) =>
    [
        .. _samples.Where(sample => sample.Key.StartsWith(family + "_bucket{le=\"", StringComparison.Ordinal))
            .Select(sample => (ParseValue(sample.Key[(family.Length + "_bucket{le=\"".Length)..^2]), sample.Value)),
    ];

    public static string NameOf(string series) => series.Split('{')[0];

    private string? TypeOf(string name) => Types.TryGetValue(name, out var type) ? type : Types.GetValueOrDefault(FamilyOf(name));

    private static string FamilyOf(string name) =>
        Suffixes.FirstOrDefault(suffix => name.EndsWith(suffix, StringComparison.Ordinal)) is { } suffix ? name[..^suffix.Length] : name;

    private string AddMetadata(string family, string kind, string name, string text)
    {
        if (name != family)
        {
            // All of a family together.
            Types.ShouldNotContainKey(name);
        }

        switch (kind)
        {
            case "TYPE":
                Types.Add(name, text);
                break;
            default:
                // prometheus-net does not escape it, so there may be nothing in it that one of the formats would.
                text.IndexOfAny(['\\', '"']).ShouldBe(-1, $"to be escaped in the help of {name}: {text}");
                break;
        }

        return name;
    }

    private void AddSample(string family, string line, bool openMetrics)
    {
        var sample = Sample().Match(line);
        sample.Success.ShouldBeTrue($"not a sample: {line}");
        var name = sample.Groups["name"].Value;
        var type = Types[family];
        // 0.0.4 names a counter's family like its sample.
        var allowed = (type, openMetrics) switch
        {
            ("counter", true) => new[] { "_total" },
            ("histogram", _) => ["_bucket", "_sum", "_count"],
            _ => [""],
        };
        allowed.ShouldContain(name.StartsWith(family, StringComparison.Ordinal) ? name[family.Length..] : name, line);
        _samples.Add(sample.Groups["series"].Value, ParseValue(sample.Groups["value"].Value));
    }

    private static double ParseValue(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        _ => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex(@"^# (?<kind>HELP|TYPE) (?<name>[a-zA-Z_][a-zA-Z0-9_]*) (?<text>.+)$")]
    private static partial Regex Metadata();

    [GeneratedRegex(@"^(?<series>(?<name>[a-zA-Z_][a-zA-Z0-9_]*)(\{([a-zA-Z_][a-zA-Z0-9_]*=""([^""\\]|\\[\\n""])*"",?)+\})?) (?<value>[0-9.eE+-]+|NaN|[+-]Inf)$")]
    private static partial Regex Sample();
}
