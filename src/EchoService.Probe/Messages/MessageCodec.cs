using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace EchoService.Probe.Messages;

/// <summary>
/// The content of numbered messages: 8 bytes of header (the sequence number and the connection, masked with a key
/// of this run), then a slice of one block of random bytes. A message can be checked without having been kept, and
/// 16 bytes from anywhere in the stream tell where they belong, which is how lost bytes are told from wrong ones.
/// </summary>
/// <remarks>A message shorter than 8 bytes is the low end of its header.</remarks>
internal sealed class MessageCodec
{
    /// <summary>A body must fit the block.</summary>
    public const int MaxMessageSize = 1_048_576;

    /// <summary>A message of this length at least says which it is.</summary>
    public const int HeaderLength = 8;

    /// <summary>A prime: where the slices wrap around the block, they do so at another offset every time.</summary>
    private const int BlockLength = 1_048_573;

    private readonly int _bodyLength;
    private readonly byte[] _block;
    private readonly ulong _key;

    /// <param name="messageSize">Bytes per message, 1 to <see cref="MaxMessageSize"/>.</param>
    public MessageCodec(int messageSize)
    {
        MessageSize = messageSize;
        _bodyLength = Math.Max(0, messageSize - HeaderLength);
        // The tail repeats the start, so that a slice never wraps.
        _block = new byte[BlockLength + _bodyLength];
        Random.Shared.NextBytes(_block.AsSpan(0, BlockLength));
        _block.AsSpan(0, _bodyLength).CopyTo(_block.AsSpan(BlockLength));
        _key = (ulong)Random.Shared.NextInt64();
    }

    public int MessageSize { get; }

    public void Write(int connection, long sequence, Span<byte> message)
    {
        Span<byte> header = stackalloc byte[HeaderLength];
        WriteHeader(connection, sequence, header);
        header[..Math.Min(HeaderLength, message.Length)].CopyTo(message);
        if (_bodyLength > 0)
        {
            Body(sequence).CopyTo(message[HeaderLength..]);
        }
    }

    /// <summary>How many of <paramref name="bytes"/>, from the first on, are the message's from <paramref name="offset"/> on.</summary>
    public int MatchingLength(int connection, long sequence, int offset, ReadOnlySpan<byte> bytes)
    {
        var matched = 0;
        if (offset < HeaderLength)
        {
            Span<byte> header = stackalloc byte[HeaderLength];
            WriteHeader(connection, sequence, header);
            var inHeader = bytes[..Math.Min(bytes.Length, HeaderLength - offset)];
            matched = inHeader.CommonPrefixLength(header[offset..]);
            if (matched < inHeader.Length || matched == bytes.Length)
            {
                return matched;
            }
        }

        return matched + bytes[matched..].CommonPrefixLength(Body(sequence)[(offset + matched - HeaderLength)..]);
    }

    /// <summary>Reads which message it claims to be. False: it is too short to say.</summary>
    public bool TryRead(ReadOnlySpan<byte> message, out int connection, out long sequence)
    {
        var header = message.Length < HeaderLength ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(message) ^ _key;
        (connection, sequence) = ((int)(header >> 44), (long)(header & ((1UL << 44) - 1)));
        return message.Length >= HeaderLength;
    }

    private void WriteHeader(int connection, long sequence, Span<byte> header) =>
        BinaryPrimitives.WriteUInt64LittleEndian(header, (((ulong)connection << 44) | ((ulong)sequence & ((1UL << 44) - 1))) ^ _key);

    // Bodies follow each other in the block without a gap or an overlap, so a byte sequence occurs once in 1 MiB of stream.
    private ReadOnlySpan<byte> Body(long sequence) =>
        MemoryMarshal.CreateReadOnlySpan(ref _block[(int)(sequence * _bodyLength % BlockLength)], _bodyLength);
}
