using System.Text.Json.Serialization;
using EchoService.Configuration;
using EchoService.ControlPlane.Requests;
using EchoService.Transport.Addressing;
using EchoService.Transport.Connections;

namespace EchoService.ControlPlane.Clients;

/// <summary>Which clients to close, and how. At least one of the filters or percent must be given.</summary>
/// <param name="Remote">Only clients from this address or range (CIDR).</param>
/// <param name="MinAgeSeconds">Only clients that have been connected for at least this long. 0 to 1,000,000,000.</param>
/// <param name="MinIdleSeconds">Only clients that have neither sent nor received a byte for at least this long. 0 to 1,000,000,000.</param>
/// <param name="Percent">How much of the clients that match, drawn at random: more than 0, up to 100. Without it, all of them.</param>
/// <param name="Mode">graceful (default): what has been read is echoed, then FIN. reset: cut off at once.</param>
/// <param name="SpreadSeconds">Time over which they are closed, evenly; 0 (default): at once. Up to 86,400.</param>
/// <param name="DryRun">true: only count.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record CloseClientsBody(
    string? Remote = null,
    double? MinAgeSeconds = null,
    double? MinIdleSeconds = null,
    double? Percent = null,
    CloseMode? Mode = null,
    double? SpreadSeconds = null,
    bool? DryRun = null)
{
    private const double MaxSeconds = 1e9;

    /// <summary>What is wrong with it, by field; null when nothing is, and then <paramref name="filter"/> says whom it is about.</summary>
    public IDictionary<string, string[]>? Check(out ClientFilter filter)
    {
        var errors = new FieldErrors();
        AddressRange? range = null;
        if (Remote is not null && !ValueFormats.Range.TryParse(Remote, out range))
        {
            errors.Add("remote", ValueFormats.Range.Explain(Remote));
        }

        errors.AddUnlessWithin("minAgeSeconds", MinAgeSeconds, 0, MaxSeconds);
        errors.AddUnlessWithin("minIdleSeconds", MinIdleSeconds, 0, MaxSeconds);
        errors.AddUnlessWithin("spreadSeconds", SpreadSeconds, 0, FieldErrors.DaySeconds);
        if (Percent is { } percent && !(percent is > 0 and <= 100))
        {
            errors.Add("percent", "must be a number greater than 0 and up to 100");
        }

        if (Remote is null && MinAgeSeconds is null && MinIdleSeconds is null && Percent is null)
        {
            errors.Add("percent", "must be given where there is no remote, minAgeSeconds or minIdleSeconds; 100 closes everyone");
        }

        filter = errors.Result is not null ? ClientFilter.Everyone : new ClientFilter(
            // A graceful close cannot be asked for twice; a reset cuts off those, too, that are leaving.
            Mode == CloseMode.Reset ? null : ConnectionState.Open,
            Listener: null,
            range,
            TimeSpan.FromSeconds(MinAgeSeconds ?? 0),
            TimeSpan.FromSeconds(MinIdleSeconds ?? 0),
            MinPendingBytes: 0);
        return errors.Result;
    }
}
