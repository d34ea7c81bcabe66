using System.Globalization;
using EchoService.Probe.Connections;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Reporting;

internal static class EventLines
{
    /// <summary>More of a kind at once than this share a line: a server that restarts ends every connection.</summary>
    private const int MostOfAKind = 4;

    /// <param name="happened">The events.</param>
    /// <param name="name">Whose, if the lines shall say so.</param>
    public static IEnumerable<string> Of(IReadOnlyList<ProbeEvent> happened, PopulationName? name)
    {
        var whose = name is null ? "" : $"{name}: ";
        foreach (var group in happened.GroupBy(e => (e.Kind, e.Cause)))
        {
            var events = group.ToArray();
            var shown = events.Length <= MostOfAKind ? events.Length : 1;
            foreach (var one in events[..shown])
            {
                yield return $"{Prefix(one)} {whose}{Say(one)}";
            }

            if (shown < events.Length)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{Prefix(events[^1])} {whose}{events.Length - shown} more: {(group.Key.Cause is { } cause ? $"{events[0].Instance}, {cause}" : Wording.Of(group.Key.Kind))}");
            }
        }
    }

    /// <summary>An event in words, without when and whose.</summary>
    public static string Say(ProbeEvent one)
    {
        if (one.Kind == ProbeEventKind.Explained)
        {
            return one.Detail ?? "";
        }

        var isOfInstance = one.Kind is ProbeEventKind.InstanceAppeared or ProbeEventKind.InstanceGone;
        var line = isOfInstance
            ? $"{one.Instance}: {Wording.Of(one.Kind)}"
            : string.Create(CultureInfo.InvariantCulture, $"connection {one.Connection}{(one.Instance is null ? "" : $" to {one.Instance}")}: {Wording.Of(one.Kind)}");
        return one.Detail is null ? line : $"{line} ({one.Detail})";
    }

    private static string Prefix(ProbeEvent one) => string.Create(CultureInfo.InvariantCulture, $"{Clock.ToSeconds(one.At),8:0.000}s");
}
