using System.Numerics;

namespace EchoService.Probe.Measurement;

/// <summary>
/// Counts durations in buckets that grow with the value, in the manner of an HDR histogram: 128 buckets an
/// octave, so that a bucket is at most 1/128 of its value wide and a percentile, reported as a bucket's middle,
/// is off by 0.4 % at most. Below 128 ns a bucket holds one value. 37 KiB, whatever is recorded.
/// </summary>
/// <remarks>Any thread may record; reading while others record gives a count that is a moment old.</remarks>
internal sealed class LatencyHistogram
{
    /// <summary>2^42 ns = 73 minutes. What is longer is counted in the last bucket; <see cref="Max"/> stays exact.</summary>
    private const int HighestBit = 41;
    private const int PrecisionBits = 7;
    private const int BucketsPerOctave = 1 << PrecisionBits;
    private const int BucketCount = (HighestBit - PrecisionBits + 2) * BucketsPerOctave;

    private readonly long[] _counts = new long[BucketCount];
    private long _sum;
    private long _min = long.MaxValue;
    private long _max;

    public long Count
    {
        get
        {
            long count = 0;
            foreach (ref readonly var bucket in _counts.AsSpan())
            {
                count += bucket;
            }

            return count;
        }
    }

    /// <summary>The shortest duration recorded, exact; 0 where none was.</summary>
    public long Min => Volatile.Read(ref _min) is var min && min == long.MaxValue ? 0 : min;

    /// <summary>The longest duration recorded, exact; 0 where none was.</summary>
    public long Max => Volatile.Read(ref _max);

    public double Mean => Count is var count && count == 0 ? 0 : Volatile.Read(ref _sum) / (double)count;

    public void Record(long nanoseconds)
    {
        var value = Math.Max(0, nanoseconds);
        Interlocked.Increment(ref _counts[BucketOf(value)]);
        Interlocked.Add(ref _sum, value);
        Lower(ref _min, value);
        Raise(ref _max, value);
    }

    public void Add(LatencyHistogram other)
    {
        for (var i = 0; i < BucketCount; i++)
        {
            Interlocked.Add(ref _counts[i], Volatile.Read(ref other._counts[i]));
        }

        Interlocked.Add(ref _sum, Volatile.Read(ref other._sum));
        Lower(ref _min, Volatile.Read(ref other._min));
        Raise(ref _max, Volatile.Read(ref other._max));
    }

    /// <summary>The smallest recorded duration that at least <paramref name="quantile"/> (0 to 1) of all do not exceed.</summary>
    public long ValueAt(double quantile)
    {
        var count = Count;
        if (count == 0)
        {
            return 0;
        }

        var rank = Math.Clamp((long)Math.Ceiling(quantile * count), 1, count);
        long seen = 0;
        for (var i = 0; i < BucketCount; i++)
        {
            seen += _counts[i];
            if (seen >= rank)
            {
                return Math.Clamp(MiddleOf(i), Min, Max);
            }
        }

        return Max;
    }

    private static int BucketOf(long value)
    {
        if (value < BucketsPerOctave)
        {
            return (int)value;
        }

        var octave = BitOperations.Log2((ulong)value);
        if (octave > HighestBit)
        {
            return BucketCount - 1;
        }

        var shift = octave - PrecisionBits;
        return ((shift + 1) << PrecisionBits) + (int)(value >> shift) - BucketsPerOctave;
    }

    private static long MiddleOf(int bucket)
    {
        if (bucket < BucketsPerOctave)
        {
            return bucket;
        }

        var shift = (bucket >> PrecisionBits) - 1;
        var lowest = (long)((bucket & (BucketsPerOctave - 1)) + BucketsPerOctave) << shift;
        return lowest + ((1L << shift) >> 1);
    }

    private static void Lower(ref long target, long value)
    {
        for (var seen = Volatile.Read(ref target); value < seen;)
        {
            var found = Interlocked.CompareExchange(ref target, value, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }

    private static void Raise(ref long target, long value)
    {
        for (var seen = Volatile.Read(ref target); value > seen;)
        {
            var found = Interlocked.CompareExchange(ref target, value, seen);
            if (found == seen)
            {
                return;
            }

            seen = found;
        }
    }
}
