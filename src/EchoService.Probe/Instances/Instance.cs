using System.Globalization;
using System.Net;
using EchoService.Probe.Events;

namespace EchoService.Probe.Instances;

/// <summary>One instance as the connections of a population met it. Counts are changed from anywhere; instants are nanoseconds.</summary>
internal sealed class Instance
{
    private readonly long[] _ends = new long[Enum.GetValues<ProbeEventKind>().Length];
    private long _connections;
    private long _answered;
    private long _lost;

    public Instance(Banner banner, long now)
    {
        Name = LabelOf(banner);
        (Version, Management, FirstAt) = (banner.Version, banner.Management, now);
    }

    /// <summary>What people read: its name, and where it can be asked on this machine, since all instances there have one name.</summary>
    public string Name { get; }

    public string Version { get; }

    /// <summary>Where it can be asked; null where it does not say.</summary>
    public Uri? Management { get; }

    public long FirstAt { get; }

    /// <summary>When it was last known to have a connection, once it has none.</summary>
    public long LastAt { get; set; }

    /// <summary>Connections open now; guarded by the table.</summary>
    public int Open { get; set; }

    /// <summary>Whether it has been told that it is gone; guarded by the table.</summary>
    public bool IsGone { get; set; }

    /// <summary>The client that met it last; guarded by the table.</summary>
    public int LastClient { get; set; }

    public long Connections => Volatile.Read(ref _connections);

    public long Answered => Volatile.Read(ref _answered);

    public long Lost => Volatile.Read(ref _lost);

    public static string LabelOf(Banner banner) =>
        banner.Management is { } url && (url.Host == "localhost" || (IPAddress.TryParse(url.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address)))
            ? string.Create(CultureInfo.InvariantCulture, $"{banner.Instance}:{url.Port}")
            : banner.Instance;

    public long Ends(ProbeEventKind kind) => Volatile.Read(ref _ends[(int)kind]);

    public void CountConnection() => Interlocked.Increment(ref _connections);

    public void CountEnd(ProbeEventKind kind) => Interlocked.Increment(ref _ends[(int)kind]);

    public void CountAnswer() => Interlocked.Increment(ref _answered);

    public void CountLost(long messages) => Interlocked.Add(ref _lost, messages);
}
