using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace EchoService.ControlPlane.Metrics;

/// <summary>
/// Chooses between the two forms of the metrics by what a scraper says it accepts (RFC 9110, section 12.5.1). The
/// library's own choice takes the first of equals, and a weight of 0 for acceptable.
/// </summary>
internal static class ScrapeFormat
{
    /// <summary>
    /// Whether <paramref name="accept"/> prefers OpenMetrics. At equal weight it does so only by name: who takes
    /// anything gets the older format. So does who takes neither, since it is still the most useful answer.
    /// </summary>
    public static bool PrefersOpenMetrics(StringValues accept)
    {
        if (!MediaTypeHeaderValue.TryParseList(accept, out var ranges))
        {
            return false;
        }

        var openMetrics = Best(ranges, "application", "openmetrics-text", "1.0.0");
        var text = Best(ranges, "text", "plain", "0.0.4");
        return openMetrics.Weight > text.Weight || (openMetrics.Weight == text.Weight && openMetrics is { Weight: > 0, Precision: >= 3 });
    }

    /// <summary>The most precise of the ranges that match a type decides its weight.</summary>
    private static (int Precision, double Weight) Best(IEnumerable<MediaTypeHeaderValue> ranges, string type, string subtype, string version) => ranges
        .Select(range => (Precision: Precision(range, type, subtype, version), Weight: range.Quality ?? 1))
        .Where(range => range.Precision > 0)
        .DefaultIfEmpty()
        .Max();

    /// <summary>0: no match; 1: any; 2: any of the type; 3: the type; 4: the type and its version.</summary>
    private static int Precision(MediaTypeHeaderValue range, string type, string subtype, string version)
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
