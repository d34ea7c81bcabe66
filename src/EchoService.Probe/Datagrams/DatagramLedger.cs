using System.Buffers;
using System.Collections;
using EchoService.Probe.Clients;
using EchoService.Probe.Measurement;
using EchoService.Probe.Messages;

namespace EchoService.Probe.Datagrams;

/// <summary>
/// The books of one flow: which messages are due, which are waited for in whatever order they come back, and, in its
/// tally, what became of the others.
/// </summary>
/// <remarks>
/// A message is lost once it was waited for through the timeout, for good: what comes of it later is counted besides, so
/// that no count ever goes back. Guarded by the flow's gate. Every method takes the time, so that one event has one.
/// </remarks>
internal sealed class DatagramLedger(int flow, LaneSettings settings, LatencyHistogram latencies)
{
    /// <summary>Of so many messages, the last that were sent, it is known which were lost; what comes of an older one is a duplicate.</summary>
    private const int MostRemembered = 1 << 14;

    /// <summary>A body of this length is not another's by chance.</summary>
    private const int LeastEvidence = 8;

    private readonly ClientTally _tally = new(flow, settings, latencies);
    private readonly Queue<PendingMessage> _backlog = new();
    private readonly Dictionary<long, PendingMessage> _waiting = [];

    /// <summary>What was sent, oldest first; whether it is waited for still, the other says.</summary>
    private readonly Queue<(long Sequence, long SentAt)> _sent = new();
    private long _nextSequence;
    private long _highest = -1;

    /// <summary>Those that were lost and have not come since, by number; null until one is. A bit each: there may be 10,000 flows, and days.</summary>
    private BitArray? _lost;

    public bool HasBacklog => _backlog.Count > 0;

    public long FirstAnswerAt => _tally.FirstAnswerAt;

    public long LastAnswerAt => _tally.LastAnswerAt;

    /// <summary>A message is due.</summary>
    public void Post(long dueAt, long now) => _backlog.Enqueue(_tally.Post(_nextSequence++, dueAt, now));

    /// <summary>Writes the message that is to be sent next. It stays so until <see cref="CountSent"/> or <see cref="CountUnsent"/>.</summary>
    public void WriteNext(Span<byte> datagram) => settings.Codec.Write(flow, _backlog.Peek().Sequence, datagram);

    /// <summary>The kernel took it.</summary>
    public void CountSent(long now)
    {
        var message = _backlog.Dequeue();
        _tally.Totals.BytesSent += settings.Codec.MessageSize;
        _lost?.Set(Place(message.Sequence), false);
        _waiting.Add(message.Sequence, message with { StartedAt = Math.Min(message.DueAt, now) });
        _sent.Enqueue((message.Sequence, now));
    }

    /// <summary>The kernel does not take it, now or later.</summary>
    public void CountUnsent(bool isLocal)
    {
        _backlog.Dequeue();
        _tally.CountUnsent(isLocal);
    }

    /// <summary>Finds out what a datagram is, and counts it.</summary>
    public Arrival Take(ReadOnlySpan<byte> datagram, long now)
    {
        _tally.Totals.BytesReceived += datagram.Length;
        var codec = settings.Codec;
        var isWhole = codec.TryRead(datagram, out var number, out var sequence) && datagram.Length == codec.MessageSize
            && codec.MatchingLength(number, sequence, 0, datagram) == datagram.Length;
        if (isWhole && number == DatagramExchange.Greeting)
        {
            return Arrival.Greeting;
        }

        var isOurs = number == flow && sequence < _nextSequence;
        if (isWhole && isOurs)
        {
            return TakeWhole(sequence, now);
        }

        if (FindByBody(datagram) is { } found)
        {
            sequence = found;
        }
        else if (!isOurs)
        {
            sequence = -1;
        }

        if (!_waiting.Remove(sequence))
        {
            _tally.Totals.BytesCorrupted += datagram.Length;
            return Arrival.Stranger;
        }

        _tally.CameBack(now, moreIsDue: _waiting.Count + _backlog.Count > 0);
        _tally.Totals.Corrupted++;
        _tally.Totals.BytesCorrupted += WrongBytes(sequence, datagram);
        return Arrival.Corrupted;
    }

    /// <summary>Whether anything has been waited for through the timeout.</summary>
    public bool IsOverdue(long now)
    {
        while (_sent.TryPeek(out var oldest) && !_waiting.ContainsKey(oldest.Sequence))
        {
            _sent.Dequeue();
        }

        return _sent.TryPeek(out var waiting) && now - waiting.SentAt > settings.Timeout;
    }

    /// <summary>Gives up for lost what has been waited for through the timeout. Returns how many.</summary>
    public int LoseOverdue(long now)
    {
        var count = 0;
        while (IsOverdue(now))
        {
            Lose(_sent.Dequeue().Sequence);
            count++;
        }

        return count;
    }

    /// <summary>Gives up messages that could not be sent in time.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isLocal">It is the probe's own machine that could not.</param>
    public void GiveUpUnsent(long now, bool isLocal)
    {
        while (_backlog.TryPeek(out var message) && now - message.DueAt > settings.Timeout)
        {
            CountUnsent(isLocal);
        }
    }

    /// <summary>Gives up all that is outstanding.</summary>
    public void GiveUp(bool isLocal)
    {
        _tally.CountLost(_waiting.Count);
        _waiting.Clear();
        while (_backlog.Count > 0)
        {
            CountUnsent(isLocal);
        }
    }

    /// <summary>Adds these books to <paramref name="sample"/>; the worst latency is that since the last sample.</summary>
    public void AddTo(RunSample sample, long now) => _tally.AddTo(sample, now);

    private Arrival TakeWhole(long sequence, long now)
    {
        if (_waiting.Remove(sequence, out var message))
        {
            _tally.CameBack(now, moreIsDue: _waiting.Count + _backlog.Count > 0);
            _tally.CountAnswer(message, now);
            if (sequence < _highest)
            {
                _tally.Totals.Reordered++;
                return Arrival.Reordered;
            }

            _highest = sequence;
            return Arrival.Answer;
        }

        if (_nextSequence - sequence <= MostRemembered && _lost?[Place(sequence)] is true)
        {
            _lost[Place(sequence)] = false;
            _tally.Totals.AfterTimeout++;
            return Arrival.AfterTimeout;
        }

        _tally.Totals.Duplicated++;
        return Arrival.Duplicate;
    }

    private void Lose(long sequence)
    {
        _waiting.Remove(sequence);
        _tally.CountLost(1);
        _lost ??= new BitArray(MostRemembered);
        _lost[Place(sequence)] = true;
    }

    private static int Place(long sequence) => (int)(sequence % MostRemembered);

    /// <summary>The message that a datagram is but for its number, which is where it was damaged; null: none.</summary>
    private long? FindByBody(ReadOnlySpan<byte> datagram)
    {
        const int Header = MessageCodec.HeaderLength;
        if (datagram.Length != settings.Codec.MessageSize || datagram.Length < Header + LeastEvidence)
        {
            return null;
        }

        foreach (var sequence in _waiting.Keys)
        {
            if (settings.Codec.MatchingLength(flow, sequence, Header, datagram[Header..]) == datagram.Length - Header)
            {
                return sequence;
            }
        }

        return null;
    }

    private int WrongBytes(long sequence, ReadOnlySpan<byte> datagram)
    {
        var size = settings.Codec.MessageSize;
        var expected = ArrayPool<byte>.Shared.Rent(size);
        settings.Codec.Write(flow, sequence, expected.AsSpan(0, size));
        var wrong = Math.Abs(datagram.Length - size);
        for (var i = 0; i < Math.Min(datagram.Length, size); i++)
        {
            wrong += datagram[i] == expected[i] ? 0 : 1;
        }

        ArrayPool<byte>.Shared.Return(expected);
        return wrong;
    }
}
