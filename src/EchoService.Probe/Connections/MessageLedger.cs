using System.Globalization;
using EchoService.Probe.Instances;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Connections;

/// <summary>
/// The books of one client: which messages are due, which are in flight, what became of the others, and how long the
/// client waited. They outlive its connections.
/// </summary>
/// <remarks>Guarded by the lane's gate. Every method takes the time, so that one event has one.</remarks>
internal sealed class MessageLedger(int connection, LaneSettings settings, LatencyHistogram latencies) : ISentMessages
{
    private Queue<PendingMessage> _backlog = new();
    private Queue<PendingMessage> _inFlight = new();
    private MessageTotals _totals;
    private GapMeter _gap;
    private long _nextSequence;
    private int _underWay;
    private bool _lateRow;
    private long _worst;

    /// <summary>Who is at the other end now; null where that is not known.</summary>
    public Peer? Peer { get; set; }

    public int InFlight => _inFlight.Count;

    public bool HasBacklog => _backlog.Count > 0;

    public long Answered => _totals.Answered;

    /// <summary>When the first and the last answer came; 0: there was none.</summary>
    public long FirstAnswerAt { get; private set; }

    public long LastAnswerAt { get; private set; }

    /// <summary>A message is due.</summary>
    public void Post(long dueAt, long now)
    {
        _totals.Due++;
        _backlog.Enqueue(new PendingMessage(_nextSequence++, dueAt, StartedAt: 0, OwnLag: Math.Max(0, now - dueAt) - settings.Lag.Total(now)));
        _gap.Due(Math.Min(dueAt, now));
    }

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
            _totals.Lost++;
            Peer?.Instance.CountLost(1);
        }
        else
        {
            _gap.Answered(now, moreIsDue: _backlog.Count + _inFlight.Count > 0);
            if (fault is null)
            {
                CountAnswer(message, now);
            }
            else
            {
                _totals.Corrupted++;
            }
        }

        TopUp(now);
    }

    public void CountSent(int bytes) => _totals.BytesSent += bytes;

    public void CountReceived(int bytes) => _totals.BytesReceived += bytes;

    public void Count(in StreamFindings findings)
    {
        _totals.BytesCorrupted += findings.WrongBytes;
        _totals.BytesLost += findings.MissingBytes;
    }

    /// <summary>Nothing of what is in flight was echoed, and the server said so: it goes first on the next connection. Returns how many.</summary>
    public int Repeat()
    {
        var count = _inFlight.Count;
        _totals.Repeated += count;
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
        _totals.Lost += count;
        Peer?.Instance.CountLost(count);
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
    public void AddTo(RunSample sample, long now)
    {
        sample.Messages.Add(_totals);
        sample.Worst = Math.Max(sample.Worst, _worst);
        _worst = 0;
        _gap.AddTo(sample, now);
    }

    /// <summary>A message of the backlog that is not sent any more; it may have been, on a connection that ended in order.</summary>
    private void CountUnanswered(PendingMessage message, bool isLocal)
    {
        if (message.StartedAt != 0)
        {
            _totals.Lost++;
            return;
        }

        _totals.Unsent++;
        _totals.UnsentLocally += isLocal ? 1 : 0;
    }

    private void CountAnswer(in PendingMessage message, long now)
    {
        var latency = now - message.StartedAt;
        _totals.Answered++;
        Peer?.Instance.CountAnswer();
        LastAnswerAt = now;
        FirstAnswerAt = FirstAnswerAt == 0 ? now : FirstAnswerAt;
        latencies.Record(latency);
        _worst = Math.Max(_worst, latency);
        var late = latency > settings.LateAfter;
        if (late)
        {
            var own = message.OwnLag + settings.Lag.Total(now);
            var isOwn = latency - own <= settings.LateAfter;
            _totals.Late++;
            _totals.LateLocally += isOwn ? 1 : 0;
            if (!_lateRow)
            {
                settings.Events.Add(ProbeEventKind.Late, connection, string.Create(
                    CultureInfo.InvariantCulture,
                    $"after {Clock.ToSeconds(latency):0.000} s{(isOwn ? ", the probe's own lag" : "")}"), Peer?.Instance.Name);
                settings.Explain(Peer, connection, ProbeEventKind.Late);
            }
        }

        _lateRow = late;
    }
}
