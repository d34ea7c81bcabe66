namespace EchoService.Transport.Faults.Holds;

/// <summary>The bytes that a connection's faults hold back, in order, and when each may leave.</summary>
/// <remarks>A ring that grows. Not thread-safe: whoever uses it holds the lock of its <see cref="Detour"/>.</remarks>
internal sealed class HeldBytes
{
    /// <summary>Bytes beyond which nothing more is to be read, give or take one read.</summary>
    private const int MostBytes = 262_144;

    /// <summary>The same for the times that they have.</summary>
    private const int MostBatches = 4096;

    /// <summary>What is held for all connections together is no more than this share of the memory that the process may use, give or take a read of each.</summary>
    private const int MemoryShare = 8;

    private const int SmallestRing = 1024;

    /// <summary>A ring of more is given back when it is empty.</summary>
    private const int LargestIdleRing = 65_536;

    private static readonly long MostMemoryTogether = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / MemoryShare;

    private static long _memoryTogether;

    // All but the first.
    private readonly Queue<Batch> _batches = new();
    private byte[] _ring = [];
    private int _first;
    private Batch _head;
    private long _lastDue = long.MinValue;
    private long _memoryCounted;

    public int Count { get; private set; }

    public bool IsEmpty => Count == 0;

    /// <summary>Whether no more is to be read for now.</summary>
    public bool IsFull => Count >= MostBytes || _batches.Count >= MostBatches || Volatile.Read(ref _memoryTogether) >= MostMemoryTogether;

    /// <summary>Adds bytes that may leave when it is <paramref name="due"/>, or with those before them where that is later.</summary>
    public void Add(ReadOnlySpan<byte> bytes, long due)
    {
        if (bytes.IsEmpty)
        {
            return;
        }

        Grow(Count + bytes.Length);
        var end = (_first + Count) % _ring.Length;
        var untilWrap = Math.Min(bytes.Length, _ring.Length - end);
        bytes[..untilWrap].CopyTo(_ring.AsSpan(end));
        bytes[untilWrap..].CopyTo(_ring);
        Count += bytes.Length;

        _lastDue = Math.Max(_lastDue, due);
        if (_head.Count == 0)
        {
            _head = new Batch(_lastDue, bytes.Length);
        }
        else
        {
            _batches.Enqueue(new Batch(_lastDue, bytes.Length));
        }

        CountMemory();
    }

    /// <summary>How many of the first bytes may leave by <paramref name="now"/>, up to <paramref name="most"/>.</summary>
    /// <param name="now">The time.</param>
    /// <param name="most">More are not asked for.</param>
    /// <param name="next">When the next may, where not all of them may.</param>
    public int CountDue(long now, int most, out long next)
    {
        next = long.MaxValue;
        if (Count == 0)
        {
            return 0;
        }

        if (_head.Due > now)
        {
            next = _head.Due;
            return 0;
        }

        var due = _head.Count;
        foreach (var batch in _batches)
        {
            if (due >= most)
            {
                break;
            }

            if (batch.Due > now)
            {
                next = batch.Due;
                break;
            }

            due += batch.Count;
        }

        return Math.Min(due, most);
    }

    /// <summary>The first bytes that lie in a row, up to <paramref name="most"/>. They stay as they are until they are removed.</summary>
    public ArraySegment<byte> Peek(int most) => new(_ring, _first, Math.Min(Math.Min(most, Count), _ring.Length - _first));

    /// <summary>Removes the first bytes.</summary>
    public void Remove(int count)
    {
        if (count == 0)
        {
            return;
        }

        Count -= count;
        _first = (_first + count) % _ring.Length;
        if (Count == 0)
        {
            Clear(keepRing: _ring.Length <= LargestIdleRing);
            return;
        }

        while (count > 0)
        {
            var taken = Math.Min(count, _head.Count);
            count -= taken;
            _head = _head with { Count = _head.Count - taken };
            if (_head.Count == 0 && !_batches.TryDequeue(out _head))
            {
                _head = default;
            }
        }

        CountMemory();
    }

    /// <summary>All of them may leave at once.</summary>
    public void ForgetTimes()
    {
        _batches.Clear();
        _lastDue = long.MinValue;
        _head = new Batch(_lastDue, Count);
        CountMemory();
    }

    /// <summary>Forgets them all, and gives the memory back.</summary>
    public void Clear() => Clear(keepRing: false);

    private void Clear(bool keepRing)
    {
        _ring = keepRing ? _ring : [];
        _first = Count = 0;
        ForgetTimes();
    }

    private void Grow(int needed)
    {
        if (needed <= _ring.Length)
        {
            return;
        }

        // What is being sent from the old ring stays in it.
        var ring = new byte[Math.Max(SmallestRing, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)needed))];
        var untilWrap = Math.Min(Count, _ring.Length - _first);
        _ring.AsSpan(_first, untilWrap).CopyTo(ring);
        _ring.AsSpan(0, Count - untilWrap).CopyTo(ring.AsSpan(untilWrap));
        _ring = ring;
        _first = 0;
    }

    private void CountMemory()
    {
        var memory = _ring.Length + (16L * _batches.Count);
        Interlocked.Add(ref _memoryTogether, memory - _memoryCounted);
        _memoryCounted = memory;
    }

    private readonly record struct Batch(long Due, int Count);
}
