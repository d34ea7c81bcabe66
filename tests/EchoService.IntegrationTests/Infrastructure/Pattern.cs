namespace EchoService.IntegrationTests.Infrastructure;

/// <summary>
/// An endless stream of bytes of which any part can be had and checked by its offset, so that a byte that is lost,
/// doubled, moved or changed shows.
/// </summary>
/// <remarks>
/// It repeats a random block of prime length: a shift by anything a buffer, a segment or a socket has as its size
/// never looks like the right place.
/// </remarks>
internal sealed class Pattern
{
    private const int Period = 1_048_573;

    private readonly byte[] _block = new byte[Period];

    public Pattern(int seed) => new Random(seed).NextBytes(_block);

    /// <summary>The bytes from <paramref name="offset"/> on, <paramref name="count"/> at most and at least one.</summary>
    public ReadOnlyMemory<byte> From(long offset, long count)
    {
        var start = (int)(offset % Period);
        return _block.AsMemory(start, (int)Math.Min(count, Period - start));
    }

    /// <summary>Exactly <paramref name="count"/> bytes from the start of the stream.</summary>
    public byte[] Take(int count)
    {
        var bytes = new byte[count];
        for (var done = 0; done < count;)
        {
            var part = From(done, count - done);
            part.CopyTo(bytes.AsMemory(done));
            done += part.Length;
        }

        return bytes;
    }

    /// <summary>Fails unless <paramref name="actual"/> is what the stream has at <paramref name="offset"/>.</summary>
    public void ShouldContinueWith(ReadOnlySpan<byte> actual, long offset)
    {
        for (var done = 0; done < actual.Length;)
        {
            var expected = From(offset + done, actual.Length - done).Span;
            var same = actual[done..].CommonPrefixLength(expected);
            if (same < expected.Length)
            {
                throw new ShouldAssertException($"The echo differs from what was sent at byte {offset + done + same}.");
            }

            done += same;
        }
    }
}
