using EchoService.Probe.Events;
using EchoService.Probe.Messages;
using EchoService.Probe.Streams;

namespace EchoService.IntegrationTests.Probe;

/// <summary>The check of a stream by itself: the same bytes, however they come in pieces, give the same findings.</summary>
public sealed class StreamVerifierTests
{
    private const int Size = 64;
    private const int Messages = 5;

    private readonly MessageCodec _codec = new(Size);
    private readonly SentMessages _sent = new(Messages);
    private readonly StreamVerifier _verifier;

    public StreamVerifierTests()
    {
        _verifier = new StreamVerifier(_codec, connection: 1, _sent);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(Size)]
    [InlineData(Messages * Size)]
    public void StreamThatComesBackWholeIsRightInPiecesOfAnySize(int piece)
    {
        var findings = Take(Stream(), piece);

        findings.ShouldBe((0, 0, false));
        _sent.Outcomes.ShouldBe([null, null, null, null, null]);
        _verifier.Partial.ShouldBe(0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(Size)]
    [InlineData(Messages * Size)]
    public void WrongByteSpoilsItsMessageAlone(int piece)
    {
        var stream = Stream();
        stream[(2 * Size) + 20] ^= 1;

        Take(stream, piece).ShouldBe((1, 0, false));

        _sent.Outcomes.ShouldBe([null, null, ProbeEventKind.Corrupted, null, null]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(Messages * Size)]
    public void BytesThatAreMissingAreCountedAndNotTakenForWrongOnes(int piece)
    {
        byte[] stream = [.. Stream()[..(Size + 10)], .. Stream()[((2 * Size) + 30)..]];

        Take(stream, piece).ShouldBe((0, Size + 20, false));

        _sent.Outcomes.ShouldBe([null, ProbeEventKind.LostBytes, ProbeEventKind.LostBytes, null, null]);
    }

    [Fact]
    public void MoreThanWasSentIsSurplus()
    {
        byte[] stream = [.. Stream(), 1, 2, 3];

        Take(stream, stream.Length).ShouldBe((3, 0, true));
    }

    [Fact]
    public void PartOfAMessageIsKnownAtTheEnd()
    {
        Take(Stream()[..(Size + 9)], Size);

        _verifier.Partial.ShouldBe(9);
        _sent.InFlight.ShouldBe(Messages - 1);
    }

    private byte[] Stream()
    {
        var stream = new byte[Messages * Size];
        for (var i = 0; i < Messages; i++)
        {
            _codec.Write(1, i, stream.AsSpan(i * Size, Size));
        }

        return stream;
    }

    private (int Wrong, int Missing, bool IsSurplus) Take(byte[] stream, int piece)
    {
        var buffer = new byte[piece + StreamVerifier.EvidenceLength];
        var (held, wrong, missing, surplus) = (0, 0, 0, false);
        for (var at = 0; at < stream.Length;)
        {
            var part = stream.AsSpan(at, Math.Min(piece, stream.Length - at));
            part.CopyTo(buffer.AsSpan(held));
            at += part.Length;
            var findings = _verifier.Take(buffer.AsSpan(0, held + part.Length), isLast: at == stream.Length);
            (held, wrong, missing, surplus) = (findings.Held, wrong + findings.WrongBytes, missing + findings.MissingBytes, surplus || findings.IsSurplus);
        }

        held.ShouldBe(0);
        return (wrong, missing, surplus);
    }
}
