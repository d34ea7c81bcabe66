namespace EchoService.Transport.Udp;

/// <summary>
/// A token bucket per source address that holds one second's worth: in a table of fixed size, so that spoofed sources
/// cannot take memory.
/// </summary>
/// <remarks>
/// A bucket is a single time, that at which it will be full again. One that is full already is as good as none, and of
/// the few that share a row the fullest makes room for a newcomer: who is over the limit is forgotten last.
/// </remarks>
internal sealed class UdpRateLimiter
{
    private const int Rows = 4096;
    private const int BucketsPerRow = 4;

    private readonly Lock _lock = new();
    private readonly Bucket[] _buckets = new Bucket[Rows * BucketsPerRow];
    private readonly TimeProvider _timeProvider;
    private readonly long _tokenTime;
    private readonly long _capacity;

    /// <param name="perSecond">Datagrams per second and source.</param>
    /// <param name="timeProvider">Whose seconds.</param>
    public UdpRateLimiter(int perSecond, TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _capacity = timeProvider.TimestampFrequency;
        _tokenTime = _capacity / perSecond;
    }

    /// <summary>Whether <paramref name="source"/>, an address as a number, may have another datagram answered now; if so, it is counted.</summary>
    public bool TryTake(UInt128 source)
    {
        var now = _timeProvider.GetTimestamp();
        lock (_lock)
        {
            ref var bucket = ref FindOrReplace(source);
            var fullAt = Math.Max(bucket.FullAt, now);
            if (fullAt - now > _capacity - _tokenTime)
            {
                return false;
            }

            bucket.FullAt = fullAt + _tokenTime;
            return true;
        }
    }

    private ref Bucket FindOrReplace(UInt128 source)
    {
        // The hash is seeded at random in every process: nobody can choose addresses that share a row.
        var row = _buckets.AsSpan((int)((uint)HashCode.Combine(source) % Rows) * BucketsPerRow, BucketsPerRow);
        ref var fullest = ref row[0];
        foreach (ref var bucket in row)
        {
            if (bucket.Source == source)
            {
                return ref bucket;
            }

            if (bucket.FullAt < fullest.FullAt)
            {
                fullest = ref bucket;
            }
        }

        fullest = new Bucket { Source = source };
        return ref fullest;
    }

    private struct Bucket
    {
        public UInt128 Source;
        public long FullAt;
    }
}
