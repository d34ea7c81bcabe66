using EchoService.Probe.Clients;
using EchoService.Probe.Events;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Reporting.Formats;

/// <summary><c>--events</c>: one JSON object a line for every event as it happens, so that others can follow a run.</summary>
internal sealed class EventStream(TextWriter output) : IDisposable
{
    private readonly Lock _gate = new();

    public void Write(PopulationName name, ProbeEvent happened)
    {
        var line = ReportJson.Write(new StreamedEvent(DateTime.UtcNow, Clock.ToSeconds(happened.At), name.Target.ToString(), name.Population, happened.Connection, happened.Kind, happened.Instance, happened.Detail));
        lock (_gate)
        {
            output.WriteLine(line);
            output.Flush();
        }
    }

    public void Dispose() => output.Dispose();
}
