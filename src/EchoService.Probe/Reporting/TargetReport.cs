using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;

namespace EchoService.Probe.Reporting;

/// <param name="Target">HOST:PORT, or udp://HOST:PORT.</param>
/// <param name="Protocol">What carries the messages.</param>
/// <param name="Verdict">Of both populations together.</param>
/// <param name="Held">The connections that were held open; null where none was asked for.</param>
/// <param name="New">The connections that were made for a message each; null where none was asked for.</param>
internal sealed record TargetReport(string Target, Protocol Protocol, VerdictReport Verdict, PopulationReport? Held, PopulationReport? New)
{
    public static TargetReport Of(ProbeTarget target, Dictionary<Population, PopulationReport> populations)
    {
        var held = populations.GetValueOrDefault(Population.Held);
        var fresh = populations.GetValueOrDefault(Population.New);
        return new TargetReport(target.ToString(), target.Protocol, Judging.Verdict.Combine(held, fresh), held, fresh);
    }

    /// <summary>Those that were asked for, with their names.</summary>
    public IEnumerable<(Population Name, PopulationReport Report)> Populations()
    {
        if (Held is not null)
        {
            yield return (Population.Held, Held);
        }

        if (New is not null)
        {
            yield return (Population.New, New);
        }
    }
}
