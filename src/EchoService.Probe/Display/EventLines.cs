using System.Globalization;
using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Display;

internal static class EventLines
{
    /// <summary>More of a kind at once than this share a line: a server that restarts ends every connection.</summary>
    private const int MostOfAKind = 4;

    /// <param name="happened">The events.</param>
    /// <param name="name">Whose.</param>
    /// <param name="isNamed">Whether the lines shall say so.</param>
    public static IEnumerable<string> Of(IReadOnlyList<ProbeEvent> happened, PopulationName name, bool isNamed)
    {
        var whose = isNamed ? $"{name}: " : "";
        var protocol = name.Target.Protocol;
        foreach (var group in happened.GroupBy(e => (e.Kind, e.Cause)))
        {
            var events = group.ToArray();
            var shown = events.Length <= MostOfAKind ? events.Length : 1;
            foreach (var one in events[..shown])
            {
                yield return $"{Prefix(one)} {whose}{Say(one, protocol)}";
            }

            if (shown < events.Length)
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"{Prefix(events[^1])} {whose}{events.Length - shown} more: {(group.Key.Cause is { } cause ? $"{events[0].Instance}, {cause}" : Wording.Of(group.Key.Kind, protocol))}");
            }
        }
    }

    /// <summary>An event in words, without when and whose.</summary>
    public static string Say(ProbeEvent one, Protocol protocol)
    {
        if (one.Kind == ProbeEventKind.Explained)
        {
            return one.Detail ?? "";
        }

        var isOfInstance = one.Kind is ProbeEventKind.InstanceAppeared or ProbeEventKind.InstanceGone;
        var line = isOfInstance
            ? $"{one.Instance}: {Wording.Of(one.Kind)}"
            : string.Create(CultureInfo.InvariantCulture, $"{Wording.Client(protocol)} {one.Connection}{(one.Instance is null ? "" : $" to {one.Instance}")}: {Wording.Of(one.Kind, protocol)}");
        return one.Detail is null ? line : $"{line} ({one.Detail})";
    }

    private static string Prefix(ProbeEvent one) => string.Create(CultureInfo.InvariantCulture, $"{Clock.ToSeconds(one.At),8:0.000}s");
}
