using EchoService.Probe.Events;
using EchoService.Probe.Reporting;

namespace EchoService.Probe.Explaining;

/// <summary>What a population's disruptions were explained by: an event each, and a count by cause.</summary>
/// <param name="events">Of the population.</param>
internal sealed class ExplanationLog(EventLog events)
{
    /// <summary>More causes than a run has instances and reasons.</summary>
    private const int MostCauses = 200;

    private readonly Lock _gate = new();
    private readonly List<ExplanationReport> _causes = [];

    public IReadOnlyList<ExplanationReport> Causes
    {
        get
        {
            lock (_gate)
            {
                return [.. _causes];
            }
        }
    }

    public void Add(Question question, Explanation explanation)
    {
        var name = question.Peer.Instance.Name;
        lock (_gate)
        {
            var index = _causes.FindIndex(one => one.Instance == name && one.Kind == question.Kind && one.Cause == explanation.Cause);
            if (index >= 0)
            {
                _causes[index] = _causes[index] with { Count = _causes[index].Count + 1 };
            }
            else if (_causes.Count < MostCauses)
            {
                _causes.Add(new ExplanationReport(name, question.Kind, explanation.Cause, 1, explanation.Sentence));
            }
        }

        events.Add(ProbeEventKind.Explained, question.Client, explanation.Sentence, name, explanation.Cause);
    }
}
