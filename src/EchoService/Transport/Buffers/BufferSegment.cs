namespace EchoService.Transport.Buffers;

/// <summary>A piece of the pinned buffer area. Owned by one connection from rent to return.</summary>
internal readonly record struct BufferSegment(byte[] Array, int Offset, int Length)
{
    /// <summary>No segment.</summary>
    public bool IsEmpty => Length == 0;

    public Span<byte> Span => new(Array, Offset, Length);

    /// <summary>A part of it; with this, ranges do too.</summary>
    public BufferSegment Slice(int start, int length) => new(Array, Offset + start, length);
}
