using EchoService.Probe.Messages;

namespace EchoService.IntegrationTests.Probe;

public sealed class MessageCodecTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(9)]
    [InlineData(64)]
    [InlineData(MessageCodec.MaxMessageSize)]
    public void MessageMatchesItselfFromEveryPart(int size)
    {
        var codec = new MessageCodec(size);
        var message = new byte[size];
        // Far enough on that bodies have wrapped around the block.
        foreach (var sequence in new[] { 0L, 1, 40_000, 123_456_789 })
        {
            codec.Write(3, sequence, message);
            foreach (var offset in new[] { 0, 1, 5, 8, 9, size - 1 }.Where(o => o < size))
            {
                codec.MatchingLength(3, sequence, offset, message.AsSpan(offset)).ShouldBe(size - offset);
            }
        }
    }

    [Theory]
    [InlineData(8)]
    [InlineData(64)]
    [InlineData(5000)]
    public void FirstWrongByteEndsTheMatch(int size)
    {
        var codec = new MessageCodec(size);
        var message = new byte[size];
        codec.Write(1, 7, message);
        for (var i = 0; i < size; i++)
        {
            message[i] ^= 1;
            codec.MatchingLength(1, 7, 0, message).ShouldBe(i);
            codec.MatchingLength(1, 7, i, message.AsSpan(i)).ShouldBe(0);
            message[i] ^= 1;
        }
    }

    [Fact]
    public void MessagesOfOtherNumbersConnectionsAndRunsDiffer()
    {
        var codec = new MessageCodec(64);
        var messages = new HashSet<string>();
        var message = new byte[64];
        for (var connection = 1; connection <= 10; connection++)
        {
            for (var sequence = 0; sequence < 100; sequence++)
            {
                codec.Write(connection, sequence, message);
                messages.Add(Convert.ToHexString(message)).ShouldBeTrue();
            }
        }

        new MessageCodec(64).Write(1, 0, message);
        messages.Add(Convert.ToHexString(message)).ShouldBeTrue();
    }

    /// <summary>What telling lost bytes from wrong ones rests on.</summary>
    [Theory]
    [InlineData(64)]
    [InlineData(1000)]
    public void SixteenBytesOccurOnceInALongStretchOfStream(int size)
    {
        var codec = new MessageCodec(size);
        var stream = new byte[500 * size];
        for (var i = 0; i < 500; i++)
        {
            codec.Write(1, i, stream.AsSpan(i * size, size));
        }

        for (var at = 0; at < 40 * size; at += 13)
        {
            stream.AsSpan(at + 1).IndexOf(stream.AsSpan(at, 16)).ShouldBe(-1);
        }
    }
}
