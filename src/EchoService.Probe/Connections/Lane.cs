using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Connections;

/// <summary>
/// One client: a connection to the target that is made again whenever it ends, the messages that are due on it, and
/// the check of what comes back. Messages become due either from outside (<see cref="Post"/>, open loop) or by
/// themselves, one for each answered (<see cref="KeepUnderWay"/>, closed loop).
/// </summary>
/// <remarks>
/// <see cref="Gate"/> guards everything that changes. It is taken by the receive loop, by completions of sends, by the
/// pacer and by the run's housekeeping, a moment each; nothing waits while holding it.
/// </remarks>
internal sealed class Lane(int number, LaneSettings settings, LatencyHistogram latencies)
{
    /// <summary>Bytes that tell where in the stream they belong.</summary>
    private const int EvidenceLength = 16;

    /// <summary>With fewer bytes than this a match elsewhere in the stream would be chance.</summary>
    private const int LeastEvidence = 4;

    /// <summary>How far ahead lost bytes are looked for.</summary>
    private const int SearchLimit = 1 << 20;

    private readonly MessageCodec _codec = settings.Codec;
    private readonly byte[] _received = new byte[settings.BufferSize + EvidenceLength];

    private Queue<PendingMessage> _backlog = new();
    private Queue<PendingMessage> _inFlight = new();
    private MessageTotals _totals;
    private long _nextSequence;
    private int _underWay;

    private Socket? _socket;
    private Outbound? _outbound;
    private ProbeEventKind? _givenUpFor;
    private bool _stopped;
    private long _connects;
    private long _answeredHere;
    private bool _corruptionReported;

    /// <summary>What has come of every attempt since the last answer, if it was the same each time.</summary>
    private ProbeEventKind? _row;

    /// <summary>Bytes of the oldest message in flight that are accounted for: came back, or are known to be lost.</summary>
    private int _headOffset;
    private ProbeEventKind? _headFault;
    private bool _lateRow;

    /// <summary>When this client last saw progress: a byte came, or its only message in flight was sent.</summary>
    private long _progressAt;

    /// <summary>Since when this client has been waiting for an answer that was due; 0 where none is.</summary>
    private long _waitingSince;
    private long _gap;
    private long _gapBegan;
    private long _worst;

    public Lock Gate { get; } = new();

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var began = Clock.Now;
            var (socket, failure) = await settings.Connector.ConnectAsync(stop).ConfigureAwait(false);
            if (socket is not null)
            {
                await ConverseAsync(socket).ConfigureAwait(false);
            }
            else if (failure is { } kind)
            {
                FailToConnect(kind);
            }

            var pause = settings.RetryInterval - TimeSpan.FromSeconds(Clock.ToSeconds(Clock.Now - began));
            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>A message is due; it leaves at once if the connection takes it.</summary>
    public void Post(long dueAt)
    {
        lock (Gate)
        {
            Enqueue(dueAt, Clock.Now);
            _outbound?.Flush();
        }
    }

    /// <summary>From now on keeps this many messages under way; 0: no more are begun.</summary>
    public void KeepUnderWay(int messages)
    {
        lock (Gate)
        {
            _underWay = messages;
            if (_outbound is null)
            {
                return;
            }

            TopUp(Clock.Now);
            _outbound.Flush();
        }
    }

    /// <summary>Gives up messages that could not be sent in time, and the connection if it has stalled.</summary>
    public void Housekeep(long now)
    {
        lock (Gate)
        {
            while (_backlog.TryPeek(out var message) && now - message.DueAt > settings.Timeout)
            {
                _backlog.Dequeue();
                CountUnanswered(message);
            }

            // Bytes that have arrived and were not read yet are the probe's delay and not the server's.
            if (_socket is not null && _givenUpFor is null && _inFlight.Count > 0
                && now - _progressAt > settings.Timeout && _socket.Available == 0)
            {
                GiveUp(ProbeEventKind.Stalled);
            }
        }
    }

    /// <summary>Ends the connection in order and makes no other; what is outstanding stays unanswered.</summary>
    public void Stop()
    {
        lock (Gate)
        {
            _stopped = true;
            _totals.Lost += _inFlight.Count;
            _inFlight.Clear();
            while (_backlog.TryDequeue(out var message))
            {
                CountUnanswered(message);
            }

            if (_socket is null)
            {
                return;
            }

            try
            {
                _socket.Shutdown(SocketShutdown.Both);
            }
            catch (SocketException)
            {
                // Not connected any more, which is what is wanted.
            }

            _socket.Dispose();
        }
    }

    /// <summary>Adds this lane to <paramref name="sample"/>; the worst latency is that since the last sample.</summary>
    public void AddTo(RunSample sample, long now)
    {
        lock (Gate)
        {
            sample.Messages.Add(_totals);
            sample.Connects += _connects;
            sample.Reconnects += Math.Max(0, _connects - 1);
            sample.EverConnected += _connects > 0 ? 1 : 0;
            sample.Open += _outbound is not null ? 1 : 0;
            sample.Worst = Math.Max(sample.Worst, _worst);
            _worst = 0;
            sample.SeeGap(_gap, _gapBegan);
            if (_waitingSince != 0)
            {
                sample.SeeGap(now - _waitingSince, _waitingSince);
            }
        }
    }

    /// <summary>Moves messages from the backlog into <paramref name="buffer"/>, as many as fit; returns their bytes. Called under the gate.</summary>
    public int TakeBatch(Span<byte> buffer)
    {
        if (_backlog.Count == 0)
        {
            return 0;
        }

        var now = Clock.Now;
        if (_inFlight.Count == 0)
        {
            _progressAt = now;
        }

        var size = _codec.MessageSize;
        var length = 0;
        while (buffer.Length - length >= size && _backlog.TryDequeue(out var message))
        {
            if (message.StartedAt == 0)
            {
                message = message with { StartedAt = Math.Min(message.DueAt, now) };
            }

            _inFlight.Enqueue(message);
            _codec.Write(number, message.Sequence, buffer.Slice(length, size));
            length += size;
        }

        return length;
    }

    /// <summary>Called under the gate.</summary>
    public void CountSent(int bytes) => _totals.BytesSent += bytes;

    private async Task ConverseAsync(Socket socket)
    {
        using var owned = socket;
        using var outbound = new Outbound(this, socket, settings.BufferSize);
        lock (Gate)
        {
            if (_stopped)
            {
                return;
            }

            Begin(socket, outbound);
        }

        var held = 0;
        var error = SocketError.Success;
        try
        {
            while (true)
            {
                var count = await socket.ReceiveAsync(_received.AsMemory(held), SocketFlags.None).ConfigureAwait(false);
                if (count == 0)
                {
                    break;
                }

                lock (Gate)
                {
                    if (_stopped)
                    {
                        return;
                    }

                    _totals.BytesReceived += count;
                    held = Take(held + count, isLast: false);
                    outbound.Flush();
                }
            }
        }
        catch (SocketException e)
        {
            error = e.SocketErrorCode;
        }
        catch (ObjectDisposedException)
        {
            error = SocketError.OperationAborted;
        }

        if (error == SocketError.Success)
        {
            await LetSendSettleAsync(outbound).ConfigureAwait(false);
        }

        lock (Gate)
        {
            End(outbound, held, error);
        }
    }

    /// <summary>
    /// Of a RST the kernel tells one side of a socket, and the other reads a plain end. Where a send was waiting for room
    /// it may be the one that is told: it is about to complete then, and stays pending if this is a FIN.
    /// </summary>
    private async Task LetSendSettleAsync(Outbound outbound)
    {
        for (var i = 0; i < 10; i++)
        {
            lock (Gate)
            {
                if (!outbound.IsPending)
                {
                    return;
                }
            }

            await Task.Delay(5).ConfigureAwait(false);
        }
    }

    private void FailToConnect(ProbeEventKind kind)
    {
        lock (Gate)
        {
            ReportRow(kind);
        }
    }

    private void Begin(Socket socket, Outbound outbound)
    {
        _socket = socket;
        _outbound = outbound;
        _givenUpFor = null;
        _answeredHere = 0;
        _corruptionReported = false;
        _connects++;
        TopUp(Clock.Now);
        outbound.Flush();
    }

    private void End(Outbound outbound, int held, SocketError error)
    {
        outbound.Abandon();
        _outbound = null;
        _socket = null;
        if (_stopped)
        {
            return;
        }

        Take(held, isLast: true);

        var end = _givenUpFor ?? error switch
        {
            SocketError.Success when !outbound.MetReset =>
                _headOffset == 0 ? ProbeEventKind.FinAtBoundary : ProbeEventKind.FinInsideMessage,
            // The kernel gave up on the peer: keep-alive or retransmission met silence, or a route went away.
            SocketError.TimedOut or SocketError.HostUnreachable or SocketError.NetworkUnreachable => ProbeEventKind.Stalled,
            _ => ProbeEventKind.Reset,
        };

        var unanswered = _inFlight.Count;
        var partial = _headOffset;
        if (end == ProbeEventKind.FinAtBoundary)
        {
            // Nothing of these was echoed, and the server said so: they go first on the next connection.
            _totals.Repeated += unanswered;
            foreach (var waiting in _backlog)
            {
                _inFlight.Enqueue(waiting);
            }

            _backlog.Clear();
            (_backlog, _inFlight) = (_inFlight, _backlog);
        }
        else
        {
            _totals.Lost += unanswered;
            _inFlight.Clear();
        }

        _headOffset = 0;
        _headFault = null;
        if (end != ProbeEventKind.Corrupted)
        {
            ReportRow(end, DescribeEnd(unanswered, partial));
        }
    }

    private string DescribeEnd(int unanswered, int partial)
    {
        var text = string.Create(CultureInfo.InvariantCulture, $"{_answeredHere} answered, {unanswered} not");
        return partial == 0 ? text : string.Create(CultureInfo.InvariantCulture, $"{text}; {partial} of {_codec.MessageSize} bytes of a message");
    }

    /// <summary>Ends the connection from this side, by RST: whatever still comes is of no use.</summary>
    private void GiveUp(ProbeEventKind reason)
    {
        _givenUpFor ??= reason;
        _outbound?.Abandon();
        if (_socket is not { } socket)
        {
            return;
        }

        try
        {
            socket.LingerState = new LingerOption(enable: true, seconds: 0);
        }
        catch (SocketException)
        {
            // The connection has ended already.
        }
        catch (ObjectDisposedException)
        {
            // Given up before.
        }

        socket.Dispose();
    }

    private void Enqueue(long dueAt, long now)
    {
        _totals.Due++;
        _backlog.Enqueue(new PendingMessage(_nextSequence++, dueAt, StartedAt: 0));
        if (_waitingSince == 0)
        {
            _waitingSince = Math.Min(dueAt, now);
        }
    }

    private void TopUp(long now)
    {
        while (_backlog.Count + _inFlight.Count < _underWay)
        {
            Enqueue(now, now);
        }
    }

    /// <summary>
    /// Checks the first <paramref name="length"/> bytes of the receive buffer against what is in flight. Bytes that can't
    /// be judged yet are moved to its start; returns how many.
    /// </summary>
    private int Take(int length, bool isLast)
    {
        var now = Clock.Now;
        _progressAt = length == 0 ? _progressAt : now;
        var bytes = _received.AsSpan(0, length);
        while (!bytes.IsEmpty)
        {
            if (!_inFlight.TryPeek(out var head))
            {
                ReportCorruption("more came back than was sent");
                _totals.BytesCorrupted += bytes.Length;
                GiveUp(ProbeEventKind.Corrupted);
                return 0;
            }

            var part = bytes[..Math.Min(bytes.Length, _codec.MessageSize - _headOffset)];
            var matching = _codec.MatchingLength(number, head.Sequence, _headOffset, part);
            Advance(matching, now);
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
                    Skip(missing, now);
                    continue;
                }

                _headFault = ProbeEventKind.Corrupted;
                ReportCorruption(string.Create(CultureInfo.InvariantCulture, $"message {head.Sequence} differs at byte {_headOffset}"));
            }

            _totals.BytesCorrupted++;
            Advance(1, now);
            bytes = bytes[1..];
        }

        bytes.CopyTo(_received);
        return bytes.Length;
    }

    /// <summary>Whether more is due than the bytes at hand. If not, none of what was sent can be missing.</summary>
    private bool MoreIsToCome(int atHand) => ((long)_inFlight.Count * _codec.MessageSize) - _headOffset > atHand;

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
        var size = _codec.MessageSize;
        var messages = Math.Min(_inFlight.Count, Math.Max(2, SearchLimit / size));
        var stream = ArrayPool<byte>.Shared.Rent(messages * size);
        try
        {
            var length = 0;
            foreach (var message in _inFlight)
            {
                if (length == messages * size)
                {
                    break;
                }

                _codec.Write(number, message.Sequence, stream.AsSpan(length, size));
                length += size;
            }

            return stream.AsSpan((_headOffset + 1)..length).IndexOf(evidence) + 1;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(stream);
        }
    }

    private void Skip(int missing, long now)
    {
        _totals.BytesLost += missing;
        settings.Events.Add(ProbeEventKind.LostBytes, number, string.Create(CultureInfo.InvariantCulture, $"{missing} bytes missing"));
        while (missing > 0)
        {
            var step = Math.Min(missing, _codec.MessageSize - _headOffset);
            _headFault = ProbeEventKind.LostBytes;
            Advance(step, now);
            missing -= step;
        }
    }

    /// <summary>Accounts for bytes of the oldest message in flight, and for the message when it is complete.</summary>
    private void Advance(int bytes, long now)
    {
        _headOffset += bytes;
        if (_headOffset < _codec.MessageSize)
        {
            return;
        }

        var message = _inFlight.Dequeue();
        var fault = _headFault;
        _headOffset = 0;
        _headFault = null;
        if (fault == ProbeEventKind.LostBytes)
        {
            _totals.Lost++;
        }
        else
        {
            CloseGap(now);
            if (fault is null)
            {
                CountAnswer(now - message.StartedAt);
            }
            else
            {
                _totals.Corrupted++;
            }
        }

        TopUp(now);
    }

    /// <summary>A message of the backlog that is not sent any more; it may have been, on a connection that ended in order.</summary>
    private void CountUnanswered(PendingMessage message)
    {
        if (message.StartedAt == 0)
        {
            _totals.Unsent++;
        }
        else
        {
            _totals.Lost++;
        }
    }

    private void CountAnswer(long latency)
    {
        _totals.Answered++;
        if (_answeredHere++ == 0)
        {
            _row = null;
            if (_connects > 1)
            {
                settings.Events.Add(ProbeEventKind.Reconnected, number);
            }
        }

        latencies.Record(latency);
        _worst = Math.Max(_worst, latency);
        var late = latency > settings.LateAfter;
        if (late)
        {
            _totals.Late++;
            if (!_lateRow)
            {
                settings.Events.Add(ProbeEventKind.Late, number, string.Create(CultureInfo.InvariantCulture, $"after {Clock.ToSeconds(latency):0.000} s"));
            }
        }

        _lateRow = late;
    }

    private void CloseGap(long now)
    {
        if (now - _waitingSince > _gap && _waitingSince != 0)
        {
            (_gap, _gapBegan) = (now - _waitingSince, _waitingSince);
        }

        _waitingSince = _backlog.Count + _inFlight.Count > 0 ? now : 0;
    }

    /// <summary>A client that fails in one way over and over is one event, however often it tries.</summary>
    private void ReportRow(ProbeEventKind kind, string? detail = null)
    {
        if (_row == kind)
        {
            settings.Events.AddToRow(kind);
        }
        else
        {
            settings.Events.Add(kind, number, detail);
        }

        _row = kind;
    }

    private void ReportCorruption(string detail)
    {
        if (!_corruptionReported)
        {
            settings.Events.Add(ProbeEventKind.Corrupted, number, detail);
        }

        _corruptionReported = true;
    }
}
