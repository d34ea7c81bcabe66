using EchoService.Probe.Events;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Instances;

/// <summary>The instances that a population has met. One that appears or disappears is an event.</summary>
/// <param name="events">Of the population.</param>
/// <param name="goneAfter">Nanoseconds without a connection after which an instance has disappeared.</param>
internal sealed class InstanceTable(EventLog events, long goneAfter)
{
    /// <summary>More than this are not told apart: a name that changes with every connection must not cost memory for days.</summary>
    private const int MostInstances = 1000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string, Uri?), Instance> _instances = [];

    /// <summary>All so far, in the order of their appearance.</summary>
    public IReadOnlyList<Instance> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _instances.Values.OrderBy(instance => instance.FirstAt)];
            }
        }
    }

    /// <summary>A connection was made. Null: there are too many instances to tell this one apart.</summary>
    public Peer? Enter(Banner banner, int client)
    {
        Instance? instance;
        var appears = false;
        lock (_gate)
        {
            if (!_instances.TryGetValue((banner.Instance, banner.Management), out instance))
            {
                if (_instances.Count == MostInstances)
                {
                    return null;
                }

                instance = new Instance(banner, Clock.Now);
                _instances.Add((banner.Instance, banner.Management), instance);
                appears = true;
            }

            appears |= instance.IsGone;
            instance.IsGone = false;
            instance.Open++;
            instance.LastClient = client;
            instance.CountConnection();
        }

        if (appears)
        {
            events.Add(ProbeEventKind.InstanceAppeared, client, banner.Version.Length == 0 ? null : $"version {banner.Version}", instance.Name);
        }

        return new Peer(instance, banner.Connection);
    }

    /// <summary>A connection has ended.</summary>
    public void Leave(Instance instance)
    {
        lock (_gate)
        {
            instance.Open--;
            instance.LastAt = Clock.Now;
        }
    }

    /// <summary>Notices who has disappeared.</summary>
    public void Housekeep(long now)
    {
        List<Instance>? gone = null;
        lock (_gate)
        {
            foreach (var instance in _instances.Values)
            {
                if (instance is { Open: 0, IsGone: false } && now - instance.LastAt > goneAfter)
                {
                    instance.IsGone = true;
                    (gone ??= []).Add(instance);
                }
            }
        }

        gone?.ForEach(instance => events.Add(ProbeEventKind.InstanceGone, instance.LastClient, detail: null, instance.Name));
    }
}
