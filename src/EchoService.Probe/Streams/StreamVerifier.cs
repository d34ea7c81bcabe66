using System.Buffers;
using System.Globalization;
using EchoService.Probe.Events;
using EchoService.Probe.Messages;

namespace EchoService.Probe.Streams;

/// <summary>
/// Checks what comes back on one connection, byte by byte, against what was sent, and tells wrong bytes from missing
/// ones. It knows no socket, no clock and no log: the same bytes give the same findings.
/// </summary>
internal sealed class StreamVerifier(MessageCodec codec, int connection, ISentMessages sent)
{
    /// <summary>Bytes that tell where in the stream they belong; a buffer needs room for as many besides what is received.</summary>
    public const int EvidenceLength = 16;

    /// <summary>With fewer bytes than this a match elsewhere in the stream would be chance.</summary>
    private const int LeastEvidence = 4;

    /// <summary>How far ahead lost bytes are looked for.</summary>
    private const int SearchLimit = 1 << 20;

    private ProbeEventKind? _headFault;

    /// <summary>Bytes of the oldest message in flight that are accounted for: came back, or are known to be lost.</summary>
    public int Partial { get; private set; }

    /// <summary>
    /// Checks <paramref name="buffer"/>, the bytes held before at its start. <paramref name="isLast"/>: no more will come,
    /// so nothing is held.
    /// </summary>
    public StreamFindings Take(Span<byte> buffer, bool isLast)
    {
        Span<byte> bytes = buffer;
        var (wrong, missingBytes) = (0, 0);
        string? corruption = null;
        while (!bytes.IsEmpty)
        {
            if (!sent.TryPeek(out var sequence))
            {
                return new StreamFindings(0, wrong + bytes.Length, missingBytes, corruption ?? "more came back than was sent", IsSurplus: true);
            }

            var part = bytes[..Math.Min(bytes.Length, codec.MessageSize - Partial)];
            var matching = codec.MatchingLength(connection, sequence, Partial, part);
            Advance(matching);
            bytes = bytes[matching..];
            if (matching == part.Length)
            {
                continue;
            }

            // bytes[0] is not what should be here.
            if (_headFault is null)
            {
                if (bytes.Length < EvidenceLength && !isLast && MoreIsToCome(bytes.Length))
                {
                    break;
                }

                if (FindMissing(bytes) is var missing && missing > 0)
                {
                    missingBytes += missing;
                    Skip(missing);
                    continue;
                }

                _headFault = ProbeEventKind.Corrupted;
                corruption ??= string.Create(CultureInfo.InvariantCulture, $"message {sequence} differs at byte {Partial}");
            }

            wrong++;
            Advance(1);
            bytes = bytes[1..];
        }

        bytes.CopyTo(buffer);
        return new StreamFindings(bytes.Length, wrong, missingBytes, corruption, IsSurplus: false);
    }

    /// <summary>Whether more is due than the bytes at hand. If not, none of what was sent can be missing.</summary>
    private bool MoreIsToCome(int atHand) => ((long)sent.InFlight * codec.MessageSize) - Partial > atHand;

    /// <summary>
    /// How many bytes were lost, if what came belongs further on in the stream; else 0, and the byte is a wrong one.
    /// </summary>
    private int FindMissing(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < LeastEvidence)
        {
            return 0;
        }

        var evidence = bytes[..Math.Min(bytes.Length, EvidenceLength)];
        var size = codec.MessageSize;
        var messages = Math.Min(sent.InFlight, Math.Max(2, SearchLimit / size));
        var sequences = ArrayPool<long>.Shared.Rent(messages);
        var stream = ArrayPool<byte>.Shared.Rent(messages * size);
        try
        {
            var length = 0;
            foreach (var sequence in sequences.AsSpan(0, sent.CopySequences(sequences.AsSpan(0, messages))))
            {
                codec.Write(connection, sequence, stream.AsSpan(length, size));
                length += size;
            }

            return stream.AsSpan((Partial + 1)..length).IndexOf(evidence) + 1;
        }
        finally
        {
            ArrayPool<long>.Shared.Return(sequences);
            ArrayPool<byte>.Shared.Return(stream);
        }
    }

    private void Skip(int missing)
    {
        while (missing > 0)
        {
            var step = Math.Min(missing, codec.MessageSize - Partial);
            _headFault = ProbeEventKind.LostBytes;
            Advance(step);
            missing -= step;
        }
    }

    private void Advance(int bytes)
    {
        Partial += bytes;
        if (Partial < codec.MessageSize)
        {
            return;
        }

        var fault = _headFault;
        (Partial, _headFault) = (0, null);
        sent.Complete(fault);
    }
}
