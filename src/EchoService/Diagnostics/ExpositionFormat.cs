using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace EchoService.Diagnostics;

/// <summary>Chooses between the two forms of the metrics by what a scraper says it accepts (RFC 9110, section 12.5.1).</summary>
internal static class ExpositionFormat
{
    public const string PrometheusText = "text/plain; version=0.0.4; charset=utf-8";
    public const string OpenMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// <summary>
    /// Whether <paramref name="accept"/> prefers OpenMetrics. At equal quality it does so only by name: who takes
    /// anything gets the older format. So does who takes neither, since it is still the most useful answer.
    /// </summary>
    public static bool PrefersOpenMetrics(StringValues accept)
    {
        if (!MediaTypeHeaderValue.TryParseList(accept, out var ranges))
        {
            return false;
        }

        var (openMetrics, named) = Quality(ranges, "application", "openmetrics-text", "1.0.0");
        var (text, _) = Quality(ranges, "text", "plain", "0.0.4");
        return openMetrics > text || (named && openMetrics > 0 && openMetrics == text);
    }

    /// <summary>The quality that the most specific of the ranges which match gives to a type.</summary>
    private static (double Quality, bool Named) Quality(IEnumerable<MediaTypeHeaderValue> ranges, string type, string subtype, string version)
    {
        var (quality, best) = (0d, 0);
        foreach (var range in ranges)
        {
            var specificity = Specificity(range, type, subtype, version);
            if (specificity > best || (specificity == best && best > 0 && (range.Quality ?? 1) > quality))
            {
                (quality, best) = (range.Quality ?? 1, specificity);
            }
        }

        return (quality, best >= 3);
    }

    /// <summary>0: no match; 1: any; 2: any of the type; 3: the type; 4: the type and its version.</summary>
    private static int Specificity(MediaTypeHeaderValue range, string type, string subtype, string version)
    {
        if (range.MatchesAllTypes)
        {
            return 1;
        }

        if (!range.Type.Equals(type, StringComparison.OrdinalIgnoreCase))
        {
            return 0;
        }

        if (range.MatchesAllSubTypes)
        {
            return 2;
        }

        if (!range.SubType.Equals(subtype, StringComparison.OrdinalIgnoreCase))
        {
            return 0;
        }

        var wanted = range.Parameters.FirstOrDefault(parameter => parameter.Name.Equals("version", StringComparison.OrdinalIgnoreCase));
        return wanted is null ? 3 : HeaderUtilities.RemoveQuotes(wanted.Value).Equals(version, StringComparison.Ordinal) ? 4 : 0;
    }
}
