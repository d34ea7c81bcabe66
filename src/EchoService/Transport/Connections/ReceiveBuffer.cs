using System.Net.Sockets;
using EchoService.Transport.Buffers;

namespace EchoService.Transport.Connections;

/// <summary>
/// What a connection reads into: a small segment for life, and a large one while it is busy and has bytes to read.
/// The loop alone uses it.
/// </summary>
/// <remarks>
/// A mutable structure: a field of its connection, never copied. A connection is busy from the first read that fills its
/// buffer. A full read alone does not say that there is more: a message may end where the buffer does, and then a
/// receive with the large segment would keep it for as long as the client is quiet. So a busy connection waits for more
/// with an operation of no bytes and no large segment.
/// </remarks>
internal struct ReceiveBuffer(BufferManager buffers)
{
    /// <summary>Reads in a row that would have fitted the small segment, after which a busy connection counts as quiet again.</summary>
    public const int ShortReadsUntilQuiet = 16;

    private readonly BufferSegment _small = buffers.Rent();
    private BufferSegment _large;
    private byte _shortReads;

    /// <summary>Whether bytes are to be waited for before a segment is chosen for them.</summary>
    public bool IsBusy { get; private set; }

    /// <summary>Whether the last read filled what it was offered: there is probably more.</summary>
    public bool IsFilled { get; private set; }

    /// <summary>The segment for life.</summary>
    public readonly BufferSegment Small => _small;

    /// <summary>Learns from how full a read was.</summary>
    /// <param name="count">Bytes that were read.</param>
    /// <param name="offered">Bytes that there was room for.</param>
    public void NoteFill(int count, int offered)
    {
        IsFilled = count == offered;
        if (IsFilled)
        {
            IsBusy = buffers.HasLarge;
            _shortReads = 0;
        }
        else if (IsBusy)
        {
            _shortReads = count > _small.Length ? (byte)0 : (byte)(_shortReads + 1);
            IsBusy = _shortReads < ShortReadsUntilQuiet;
        }
    }

    /// <summary>Offers <paramref name="args"/> no room at all: the operation completes when there is something to read.</summary>
    public readonly void OfferNothing(SocketAsyncEventArgs args) => Offer(args, _small, 0);

    /// <summary>Offers the small segment.</summary>
    public readonly void OfferSmall(SocketAsyncEventArgs args) => Offer(args, _small, _small.Length);

    /// <summary>Offers a large segment if one is to be had. For a receive that will find something: a large segment must not wait for a client.</summary>
    public bool TryOfferLarge(SocketAsyncEventArgs args)
    {
        if (!buffers.TryRentLarge(out _large))
        {
            return false;
        }

        Offer(args, _large, _large.Length);
        return true;
    }

    /// <summary>Gives the large segment back, if there is one.</summary>
    public void ReturnLarge(SocketAsyncEventArgs args)
    {
        if (!_large.IsEmpty)
        {
            var segment = _large;
            _large = default;
            // The event args must not point to it any longer when another connection gets it.
            args.SetBuffer(_small.Array, _small.Offset, _small.Length);
            buffers.Return(segment);
        }
    }

    /// <summary>Gives everything back. Not to be used any more.</summary>
    public void Return(SocketAsyncEventArgs args)
    {
        ReturnLarge(args);
        args.SetBuffer(null, 0, 0);
        buffers.Return(_small);
    }

    private static void Offer(SocketAsyncEventArgs args, BufferSegment segment, int count)
    {
        if (ReferenceEquals(args.Buffer, segment.Array))
        {
            args.SetBuffer(segment.Offset, count);
        }
        else
        {
            args.SetBuffer(segment.Array, segment.Offset, count);
        }
    }
}
