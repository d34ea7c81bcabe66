using EchoService.Probe.Events;
using EchoService.Probe.Instances;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Reporting;

/// <summary>One instance as a population met it.</summary>
/// <param name="Name">Its name; on this machine with the port of its management API.</param>
/// <param name="Version">The service's version.</param>
/// <param name="Management">Where it can be asked; null where it does not say.</param>
/// <param name="Connections">Connections made to it.</param>
/// <param name="Answered">Messages that it answered.</param>
/// <param name="Lost">Messages that were lost with it.</param>
/// <param name="FinAtBoundary">Connections that it, or something on the way, ended by FIN after whole messages.</param>
/// <param name="FinInsideMessage">The same after part of a message.</param>
/// <param name="Resets">The same by RST.</param>
/// <param name="Stalled">Connections to it that were given up.</param>
/// <param name="FirstAtSeconds">When it was first met, from the start of the run.</param>
/// <param name="LastAtSeconds">When its last connection ended; null: one was open to the end.</param>
internal sealed record InstanceReport(
    string Name,
    string Version,
    string? Management,
    long Connections,
    long Answered,
    long Lost,
    long FinAtBoundary,
    long FinInsideMessage,
    long Resets,
    long Stalled,
    double FirstAtSeconds,
    double? LastAtSeconds)
{
    public static InstanceReport From(Instance instance, long origin) => new(
        instance.Name,
        instance.Version,
        instance.Management?.AbsoluteUri.TrimEnd('/'),
        instance.Connections,
        instance.Answered,
        instance.Lost,
        instance.Ends(ProbeEventKind.FinAtBoundary),
        instance.Ends(ProbeEventKind.FinInsideMessage),
        instance.Ends(ProbeEventKind.Reset),
        instance.Ends(ProbeEventKind.Stalled),
        Clock.ToSeconds(instance.FirstAt - origin),
        instance.IsGone ? Clock.ToSeconds(instance.LastAt - origin) : null);
}
