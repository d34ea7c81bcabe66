using System.Text.Json.Serialization;
using EchoService.ControlPlane.Requests;
using EchoService.Lifecycle;

namespace EchoService.ControlPlane.Drain;

/// <summary>What a drain is to do differently from the configuration. A field left out keeps what the section Drain says.</summary>
/// <param name="ReadinessDelaySeconds">Lame-duck time: not ready, still accepting. 0 to 86,400.</param>
/// <param name="TimeoutSeconds">From the closing of the listener to the deadline. 0 to 86,400. Of a drain that is on, a shorter one brings the deadline forward, a longer one is ignored.</param>
/// <param name="SpreadSeconds">Time over which connections are closed gracefully, longest idle first. 0: at once; -1: not before the deadline; up to 86,400.</param>
/// <param name="OnDeadline">What happens to those left at the deadline.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record DrainBody(
    double? ReadinessDelaySeconds = null,
    double? TimeoutSeconds = null,
    double? SpreadSeconds = null,
    DeadlineAction? OnDeadline = null)
{
    /// <summary>What is wrong with it, by field; null when nothing is.</summary>
    public IDictionary<string, string[]>? Check()
    {
        var errors = new FieldErrors();
        errors.AddUnlessWithin("readinessDelaySeconds", ReadinessDelaySeconds, 0, FieldErrors.DaySeconds);
        errors.AddUnlessWithin("timeoutSeconds", TimeoutSeconds, 0, FieldErrors.DaySeconds);
        if (SpreadSeconds is not -1)
        {
            errors.AddUnlessWithin("spreadSeconds", SpreadSeconds, 0, FieldErrors.DaySeconds, "or -1 for not before the deadline");
        }

        return errors.Result;
    }

    public DrainRequest ToRequest() => new(Seconds(ReadinessDelaySeconds), Seconds(TimeoutSeconds), Seconds(SpreadSeconds), OnDeadline);

    private static TimeSpan? Seconds(double? value) => value is { } seconds ? TimeSpan.FromSeconds(seconds) : null;
}
