using EchoService.Probe.Clients;
using EchoService.Probe.Events;
using EchoService.Probe.Instances;
using EchoService.Probe.Measurement;
using EchoService.Probe.Messages;

namespace EchoService.Probe.Streams;

/// <summary>
/// The books of one client over TCP: which messages are due, which are in flight in their order, and, in its tally, what
/// became of the others. They outlive its connections.
/// </summary>
/// <remarks>Guarded by the lane's gate. Every method takes the time, so that one event has one.</remarks>
internal sealed class MessageLedger(int connection, LaneSettings settings, LatencyHistogram latencies) : ISentMessages
{
    private readonly ClientTally _tally = new(connection, settings, latencies);
    private Queue<PendingMessage> _backlog = new();
    private Queue<PendingMessage> _inFlight = new();
    private long _nextSequence;
    private int _underWay;

    /// <summary>Who is at the other end now; null where that is not known.</summary>
    public Peer? Peer
    {
        get => _tally.Peer;
        set => _tally.Peer = value;
    }

    public int InFlight => _inFlight.Count;

    public bool HasBacklog => _backlog.Count > 0;

    public long Answered => _tally.Totals.Answered;

    /// <summary>When the first and the last answer came; 0: there was none.</summary>
    public long FirstAnswerAt => _tally.FirstAnswerAt;

    public long LastAnswerAt => _tally.LastAnswerAt;

    /// <summary>A message is due.</summary>
    public void Post(long dueAt, long now) => _backlog.Enqueue(_tally.Post(_nextSequence++, dueAt, now));

    /// <summary>From now on <see cref="TopUp"/> keeps this many messages under way; 0: no more are begun.</summary>
    public void KeepUnderWay(int messages) => _underWay = messages;

    public void TopUp(long now)
    {
        while (_backlog.Count + _inFlight.Count < _underWay)
        {
            Post(now, now);
        }
    }

    /// <summary>Moves messages from the backlog into <paramref name="buffer"/>, as many as fit; returns their bytes.</summary>
    public int TakeBatch(Span<byte> buffer, long now)
    {
        var size = settings.Codec.MessageSize;
        var length = 0;
        while (buffer.Length - length >= size && _backlog.TryDequeue(out var message))
        {
            if (message.StartedAt == 0)
            {
                message = message with { StartedAt = Math.Min(message.DueAt, now) };
            }

            _inFlight.Enqueue(message);
            settings.Codec.Write(connection, message.Sequence, buffer.Slice(length, size));
            length += size;
        }

        return length;
    }

    public bool TryPeek(out long sequence)
    {
        var found = _inFlight.TryPeek(out var head);
        sequence = head.Sequence;
        return found;
    }

    public int CopySequences(Span<long> sequences)
    {
        var count = 0;
        foreach (var message in _inFlight)
        {
            if (count == sequences.Length)
            {
                break;
            }

            sequences[count++] = message.Sequence;
        }

        return count;
    }

    public void Complete(ProbeEventKind? fault)
    {
        var now = Clock.Now;
        var message = _inFlight.Dequeue();
        if (fault == ProbeEventKind.LostBytes)
        {
            _tally.CountLost(1);
        }
        else
        {
            _tally.CameBack(now, moreIsDue: _backlog.Count + _inFlight.Count > 0);
            if (fault is null)
            {
                _tally.CountAnswer(message, now);
            }
            else
            {
                _tally.Totals.Corrupted++;
            }
        }

        TopUp(now);
    }

    public void CountSent(int bytes) => _tally.Totals.BytesSent += bytes;

    public void CountReceived(int bytes) => _tally.Totals.BytesReceived += bytes;

    public void Count(in StreamFindings findings)
    {
        _tally.Totals.BytesCorrupted += findings.WrongBytes;
        _tally.Totals.BytesLost += findings.MissingBytes;
    }

    /// <summary>Nothing of what is in flight was echoed, and the server said so: it goes first on the next connection. Returns how many.</summary>
    public int Repeat()
    {
        var count = _inFlight.Count;
        _tally.Totals.Repeated += count;
        foreach (var waiting in _backlog)
        {
            _inFlight.Enqueue(waiting);
        }

        _backlog.Clear();
        (_backlog, _inFlight) = (_inFlight, _backlog);
        return count;
    }

    /// <summary>What is in flight will not be answered any more. Returns how many.</summary>
    public int Lose()
    {
        var count = _inFlight.Count;
        _tally.CountLost(count);
        _inFlight.Clear();
        return count;
    }

    /// <summary>Gives up messages that could not be sent in time.</summary>
    /// <param name="now">The time.</param>
    /// <param name="isLocal">It is the probe's own machine that has no connection for them.</param>
    public void GiveUpOverdue(long now, bool isLocal)
    {
        while (_backlog.TryPeek(out var message) && now - message.DueAt > settings.Timeout)
        {
            _backlog.Dequeue();
            CountUnanswered(message, isLocal);
        }
    }

    /// <summary>Gives up all that is outstanding.</summary>
    public void GiveUp(bool isLocal)
    {
        Lose();
        while (_backlog.TryDequeue(out var message))
        {
            CountUnanswered(message, isLocal);
        }
    }

    /// <summary>Adds these books to <paramref name="sample"/>; the worst latency is that since the last sample.</summary>
    public void AddTo(RunSample sample, long now) => _tally.AddTo(sample, now);

    /// <summary>A message of the backlog that is not sent any more; it may have been, on a connection that ended in order.</summary>
    private void CountUnanswered(PendingMessage message, bool isLocal)
    {
        if (message.StartedAt != 0)
        {
            // By none that is known now.
            _tally.Totals.Lost++;
            return;
        }

        _tally.CountUnsent(isLocal);
    }
}
