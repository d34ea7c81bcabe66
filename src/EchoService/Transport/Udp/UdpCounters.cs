namespace EchoService.Transport.Udp;

/// <summary>What the UDP echo counts: datagrams, 64-bit, cumulative, never going back.</summary>
internal sealed class UdpCounters
{
    private readonly long[] _dropped = new long[Enum.GetValues<UdpDropReason>().Length];
    private long _received;
    private long _sent;

    /// <summary>Datagrams received, dropped ones included.</summary>
    public long Received => Volatile.Read(ref _received);

    /// <summary>Datagrams sent back.</summary>
    public long Sent => Volatile.Read(ref _sent);

    /// <summary>Datagrams not echoed for <paramref name="reason"/>.</summary>
    public long Dropped(UdpDropReason reason) => Volatile.Read(ref _dropped[(int)reason]);

    public void CountReceived() => Interlocked.Increment(ref _received);

    public void CountSent() => Interlocked.Increment(ref _sent);

    public void CountDropped(UdpDropReason reason) => Interlocked.Increment(ref _dropped[(int)reason]);
}
