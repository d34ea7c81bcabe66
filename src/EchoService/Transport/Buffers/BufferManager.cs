namespace EchoService.Transport.Buffers;

/// <summary>
/// The pinned buffer area: the sample's BufferManager made to grow on demand. Two sizes of segment come from it. A
/// small one stays with its connection for life; a large one is lent for as long as a busy connection has bytes in
/// hand, so that a few large segments, warm in the cache, serve any number of busy connections.
/// </summary>
/// <remarks>
/// Small segments are cut from slabs that are kept for the life of the server, as the sample keeps its one block.
/// Large segments beyond <see cref="SpareLargeSegments"/> are handed back to the garbage collector when returned.
/// Taken per accept, close or large segment, never per small message, so a plain lock serves.
/// </remarks>
internal sealed class BufferManager
{
    /// <summary>Bytes cut into small segments at a time: 64 connections of the default 1 KiB.</summary>
    private const int SlabSize = 65_536;

    /// <summary>
    /// Large segments kept for reuse. A thread needs one at a time, so this covers the socket threads of a large
    /// machine; more are only ever out at once when that many readers are slow.
    /// </summary>
    private const int SpareLargeSegments = 64;

    private readonly Lock _lock = new();
    private readonly Stack<BufferSegment> _small = new();
    private readonly Stack<BufferSegment> _large = new();
    private readonly int _smallSize;
    private readonly int _largeSize;
    private readonly long _largeLimit;
    private long _largeReserved;
    private long _bytesReserved;
    private long _bytesInUse;

    /// <param name="smallSize">Bytes of a small segment.</param>
    /// <param name="largeSize">Bytes of a large segment; no more than <paramref name="smallSize"/> means that there are none.</param>
    /// <param name="largeLimit">Bytes that large segments may hold together, so that many slow readers cannot exhaust the memory.</param>
    public BufferManager(int smallSize, int largeSize, long largeLimit)
    {
        _smallSize = smallSize;
        _largeSize = largeSize > smallSize ? largeSize : 0;
        _largeLimit = largeLimit;
    }

    /// <summary>Whether there are large segments at all.</summary>
    public bool HasLarge => _largeSize != 0;

    /// <summary>Bytes of all segments that are out.</summary>
    public long BytesInUse => Volatile.Read(ref _bytesInUse);

    /// <summary>Bytes of pinned memory held, in use or spare.</summary>
    public long BytesReserved => Volatile.Read(ref _bytesReserved);

    /// <summary>Lends a small segment.</summary>
    /// <exception cref="OutOfMemoryException">A slab could not be allocated.</exception>
    public BufferSegment Rent()
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

    /// <summary>Lends a large segment, if there are such and the limit leaves room.</summary>
    public bool TryRentLarge(out BufferSegment segment)
    {
        lock (_lock)
        {
            if (!_large.TryPop(out segment))
            {
                if (!HasLarge || _largeReserved + _largeSize > _largeLimit)
                {
                    return false;
                }

                segment = new BufferSegment(GC.AllocateUninitializedArray<byte>(_largeSize, pinned: true), 0, _largeSize);
                _largeReserved += _largeSize;
                _bytesReserved += _largeSize;
            }

            _bytesInUse += _largeSize;
            return true;
        }
    }

    /// <summary>Takes a segment back. The caller must not touch it again.</summary>
    public void Return(BufferSegment segment)
    {
        lock (_lock)
        {
            _bytesInUse -= segment.Length;
            if (segment.Length == _smallSize)
            {
                _small.Push(segment);
            }
            else if (_large.Count < SpareLargeSegments)
            {
                _large.Push(segment);
            }
            else
            {
                _largeReserved -= segment.Length;
                _bytesReserved -= segment.Length;
            }
        }
    }

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
}
