using EchoService.Probe.Dialing;

namespace EchoService.Probe.Clients;

/// <summary>Connections or flows that are held open; messages are due on each in turn, or as each is answered.</summary>
internal sealed class HeldClients : IClients
{
    private readonly IHeldClient[] _lanes;
    private readonly Connector _connector;

    /// <param name="count">How many.</param>
    /// <param name="connector">Of them all; owned by this from now on.</param>
    /// <param name="make">Makes one, given its number from 1.</param>
    public HeldClients(int count, Connector connector, Func<int, IHeldClient> make)
    {
        _connector = connector;
        _lanes = [.. Enumerable.Range(1, count).Select(make)];
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
