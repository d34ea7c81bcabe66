using EchoService.Probe.Measurement;

namespace EchoService.Probe.Connections;

/// <summary>Connections that are held open; messages are due on each in turn, or as each is answered.</summary>
internal sealed class HeldClients : IClients
{
    private readonly Lane[] _lanes;
    private readonly Connector _connector;

    public HeldClients(int count, LaneSettings settings, LatencyHistogram latencies)
    {
        _connector = settings.Connector;
        _lanes = new Lane[count];
        for (var i = 0; i < count; i++)
        {
            _lanes[i] = new Lane(i + 1, settings, latencies);
        }
    }

    public Task RunAsync(CancellationToken stop) => Task.WhenAll(Array.ConvertAll(_lanes, lane => lane.RunAsync(stop)));

    public void Post(long index, long dueAt) => _lanes[(int)(index % _lanes.Length)].Post(dueAt);

    public void KeepUnderWay(int messages)
    {
        foreach (var lane in _lanes)
        {
            lane.KeepUnderWay(messages);
        }
    }

    public void Housekeep(long now)
    {
        foreach (var lane in _lanes)
        {
            lane.Housekeep(now);
        }
    }

    public void Stop()
    {
        foreach (var lane in _lanes)
        {
            lane.Stop();
        }
    }

    public void AddTo(RunSample sample, long now)
    {
        foreach (var lane in _lanes)
        {
            lane.AddTo(sample, now);
        }
    }

    public void Dispose() => _connector.Dispose();
}
