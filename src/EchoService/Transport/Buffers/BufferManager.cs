namespace EchoService.Transport.Buffers;

/// <summary>
/// The pinned buffer area: the sample's BufferManager made to grow on demand. Each thread has one large segment, into
/// which it receives for whichever connection it deals with, and from which it sends. A connection is lent a segment only
/// while the kernel has not taken all of an echo: a small one for a little, else the thread's large one itself, and the
/// thread takes another.
/// </summary>
/// <remarks>
/// Small segments are cut from slabs that are kept for the life of the server, as the sample keeps its one block.
/// Large segments beyond <see cref="SpareLargeSegments"/> are handed back to the garbage collector when returned.
/// Its lock is taken when something is lent and when it comes back, never for a message that the kernel takes whole.
/// </remarks>
internal sealed class BufferManager
{
    /// <summary>Bytes cut into small segments at a time: 64 of the default 1 KiB.</summary>
    private const int SlabSize = 65_536;

    /// <summary>Large segments kept for reuse; more are only ever out at once when that many readers are slow.</summary>
    private const int SpareLargeSegments = 64;

    [ThreadStatic]
    private static ThreadSegment? _ofThisThread;

    private readonly Lock _lock = new();
    private readonly Stack<BufferSegment> _small = new();
    private readonly Stack<BufferSegment> _large = new();
    private readonly int _smallSize;
    private readonly int _largeSize;
    private readonly long _largeLimit;
    private long _largeReserved;
    private long _bytesReserved;
    private long _bytesInUse;
    private bool _isShort;

    /// <param name="smallSize">Bytes of a small segment.</param>
    /// <param name="largeSize">Bytes of a large segment, at least <paramref name="smallSize"/>: the most that is received at a time.</param>
    /// <param name="largeLimit">Bytes that large segments may hold together, so that many slow readers cannot exhaust the memory. A thread has one all the same.</param>
    public BufferManager(int smallSize, int largeSize, long largeLimit)
    {
        _smallSize = smallSize;
        _largeSize = largeSize;
        _largeLimit = largeLimit;
        _isShort = IsShort();
    }

    /// <summary>Bytes of all segments that connections have.</summary>
    public long BytesInUse => Volatile.Read(ref _bytesInUse);

    /// <summary>Bytes of pinned memory held: lent, spare, or a thread's.</summary>
    public long BytesReserved => Volatile.Read(ref _bytesReserved);

    /// <summary>
    /// What the calling thread receives into. What is in it stays until the next call on this thread; what has to stay
    /// for longer is given to <see cref="Keep"/> before. Shorter while memory is short, so that a small segment will do.
    /// </summary>
    public BufferSegment OfThisThread()
    {
        var mine = _ofThisThread;
        if (mine is null || mine.Owner != this)
        {
            mine = TakeLarge(mine);
        }

        return Volatile.Read(ref _isShort) ? mine.Segment[.._smallSize] : mine.Segment;
    }

    /// <summary>Lends a segment for bytes that are to stay.</summary>
    /// <param name="bytes">A part, not empty, of what <see cref="OfThisThread"/> has given.</param>
    /// <param name="lent">To be returned.</param>
    /// <returns>Where in it the bytes are.</returns>
    /// <exception cref="OutOfMemoryException">A slab could not be allocated.</exception>
    public BufferSegment Keep(BufferSegment bytes, out BufferSegment lent)
    {
        if (bytes.Length <= _smallSize)
        {
            lent = LendSmall();
            bytes.Span.CopyTo(lent.Span);
            return lent[..bytes.Length];
        }

        var mine = _ofThisThread!;
        lent = mine.Segment;
        mine.Owner = null;
        lock (_lock)
        {
            _bytesInUse += _largeSize;
        }

        return bytes;
    }

    /// <summary>Takes a segment back. The caller must not touch it again.</summary>
    public void Return(BufferSegment lent)
    {
        lock (_lock)
        {
            _bytesInUse -= lent.Length;
            if (lent.Length == _smallSize)
            {
                _small.Push(lent);
            }
            else
            {
                PutBack(lent);
            }
        }
    }

    private BufferSegment LendSmall()
    {
        lock (_lock)
        {
            if (_small.Count == 0)
            {
                AddSlab();
            }

            _bytesInUse += _smallSize;
            return _small.Pop();
        }
    }

    /// <summary>Gives the calling thread a large segment of this server, whatever it has of another.</summary>
    private ThreadSegment TakeLarge(ThreadSegment? mine)
    {
        mine?.GiveBack();
        mine ??= new ThreadSegment();
        lock (_lock)
        {
            if (!_large.TryPop(out var segment))
            {
                segment = new BufferSegment(GC.AllocateUninitializedArray<byte>(_largeSize, pinned: true), 0, _largeSize);
                _largeReserved += _largeSize;
                _bytesReserved += _largeSize;
            }

            _isShort = IsShort();
            mine.Segment = segment;
            mine.Owner = this;
        }

        _ofThisThread = mine;
        return mine;
    }

    /// <summary>Keeps a large segment, or lets the collector have it. Called with the lock held.</summary>
    private void PutBack(BufferSegment large)
    {
        if (_large.Count < SpareLargeSegments)
        {
            _large.Push(large);
        }
        else
        {
            _largeReserved -= large.Length;
            _bytesReserved -= large.Length;
        }

        _isShort = IsShort();
    }

    /// <summary>Whether there would be no other large segment for a thread that has lent its own.</summary>
    private bool IsShort() => _large.Count == 0 && _largeReserved + _largeSize > _largeLimit;

    private void AddSlab()
    {
        var count = Math.Max(1, SlabSize / _smallSize);
        var slab = GC.AllocateUninitializedArray<byte>(count * _smallSize, pinned: true);
        _bytesReserved += slab.Length;
        // Pushed from the end, so that neighbours in time are neighbours in memory.
        for (var i = count - 1; i >= 0; i--)
        {
            _small.Push(new BufferSegment(slab, i * _smallSize, _smallSize));
        }
    }

    /// <summary>What a thread refers to. When the thread is gone it is collected, and its segment goes back.</summary>
    private sealed class ThreadSegment
    {
        ~ThreadSegment() => GiveBack();

        /// <summary>Null: it has none.</summary>
        public BufferManager? Owner { get; set; }

        public BufferSegment Segment { get; set; }

        public void GiveBack()
        {
            if (Owner is { } owner)
            {
                Owner = null;
                lock (owner._lock)
                {
                    owner.PutBack(Segment);
                }
            }
        }
    }
}
