using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Datagrams;

/// <summary>
/// One client over UDP: a socket with a source port of its own, which it keeps to the end, whatever happens. What is on
/// the way keeps state by that port, and where the state is wrong this client alone suffers from it.
/// </summary>
/// <remarks>
/// The gate guards everything that changes. It is taken by the receive loop, by the pacer and by the run's housekeeping, a
/// moment each; nothing waits while holding it, for the socket does not block.
/// </remarks>
internal sealed class Flow(int number, LaneSettings settings, LatencyHistogram latencies, FreshFlow fresh) : IHeldClient
{
    /// <summary>One datagram that was lost, or two, are no evidence that all are.</summary>
    private const int LeastUnanswered = 3;

    /// <summary>After a fresh flow was answered, how long a datagram of this one may take before it counts against it.</summary>
    private const long Doubt = Clock.Second / 2;

    /// <summary>What happens again within this time is the same event.</summary>
    private const long RowEnds = Clock.Second;

    private readonly Lock _gate = new();
    private readonly DatagramLedger _ledger = new(number, settings, latencies);
    private readonly byte[] _received = new byte[settings.Codec.MessageSize + 1];
    private readonly Dictionary<ProbeEventKind, long> _rows = [];
    private Socket? _socket;
    private Task _asking = Task.CompletedTask;
    private CancellationToken _stop;
    private bool _stopped;
    private bool _wasOpened;
    private bool _isShortOfRoom;

    /// <summary>When the first datagram since the last arrival was sent; 0: none was. And how many were.</summary>
    private long _unansweredSince;
    private long _unanswered;

    /// <summary>When it was first found to be cut off: refused, or silent for a whole timeout; 0: never.</summary>
    private long _firstCutAt;
    private bool _isCut;
    private bool _isStuck;

    /// <summary>The fresh flow that was answered while this one was not, and when a datagram was next sent here; 0: none was.</summary>
    private FreshAnswer? _answeredElsewhere;
    private long _triedAfter;

    public async Task RunAsync(CancellationToken stop)
    {
        _stop = stop;
        while (!stop.IsCancellationRequested)
        {
            var (socket, failure) = await settings.Connector.ConnectAsync(stop).ConfigureAwait(false);
            if (socket is not null)
            {
                using (socket)
                {
                    await ReceiveAsync(socket).ConfigureAwait(false);
                }
            }
            else if (failure is { } kind)
            {
                lock (_gate)
                {
                    _isShortOfRoom = kind == ProbeEventKind.LocalLimit;
                    Report(kind);
                }

                await Task.Delay(settings.RetryInterval, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        await _asking.ConfigureAwait(false);
    }

    public void Post(long dueAt)
    {
        lock (_gate)
        {
            var now = Clock.Now;
            _ledger.Post(dueAt, now);
            Flush(now);
        }
    }

    public void KeepUnderWay(int messages)
    {
        // A closed loop would stand still with each datagram that is lost; load takes no UDP.
    }

    public void Housekeep(long now)
    {
        lock (_gate)
        {
            Flush(now);
            _ledger.GiveUpUnsent(now, _isShortOfRoom);
            var isSilent = _unansweredSince != 0 && now - _unansweredSince > settings.Timeout;
            // What has arrived and was not read yet is the probe's delay and not the server's.
            if ((!isSilent && !_ledger.IsOverdue(now)) || _socket is null or { Available: > 0 })
            {
                return;
            }

            if (_ledger.LoseOverdue(now) is var lost and > 0)
            {
                Report(ProbeEventKind.LostMessages, string.Create(CultureInfo.InvariantCulture, $"no answer to {lost} in {Clock.ToSeconds(settings.Timeout):0.###} s"));
            }

            if (!isSilent)
            {
                return;
            }

            SeeCut(now);
            if (!_isStuck && _unanswered >= LeastUnanswered)
            {
                SeeWhetherStuck(now);
            }
        }
    }

    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            _ledger.GiveUp(_isShortOfRoom);
            _socket?.Dispose();
            _socket = null;
        }
    }

    public void AddTo(RunSample sample, long now)
    {
        lock (_gate)
        {
            sample.Connects += _wasOpened ? 1 : 0;
            sample.EverConnected += _wasOpened ? 1 : 0;
            sample.Open += _socket is not null ? 1 : 0;
            sample.SeeLane(_ledger.FirstAnswerAt, _ledger.LastAnswerAt, _firstCutAt);
            _ledger.AddTo(sample, now);
        }
    }

    private async Task ReceiveAsync(Socket socket)
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return;
            }

            socket.Blocking = false;
            (_socket, _wasOpened, _isShortOfRoom) = (socket, true, false);
            Flush(Clock.Now);
        }

        while (true)
        {
            var (count, error) = await ReceiveOneAsync(socket).ConfigureAwait(false);
            lock (_gate)
            {
                if (_stopped)
                {
                    return;
                }

                if (error == SocketError.Success)
                {
                    Take(_received.AsSpan(0, count));
                }
                else
                {
                    SeeRefusal(Failures.OfDatagram(error), Clock.Now);
                }
            }
        }
    }

    private async Task<(int Count, SocketError Error)> ReceiveOneAsync(Socket socket)
    {
        try
        {
            return (await socket.ReceiveAsync(_received, SocketFlags.None).ConfigureAwait(false), SocketError.Success);
        }
        catch (SocketException e)
        {
            return (0, e.SocketErrorCode);
        }
        catch (ObjectDisposedException)
        {
            return (0, SocketError.OperationAborted);
        }
    }

    /// <summary>Sends what is due, until the kernel has no room for more.</summary>
    private void Flush(long now)
    {
        if (_socket is null || !_ledger.HasBacklog)
        {
            return;
        }

        var buffer = ArrayPool<byte>.Shared.Rent(settings.Codec.MessageSize);
        var datagram = buffer.AsSpan(0, settings.Codec.MessageSize);
        while (_ledger.HasBacklog)
        {
            _ledger.WriteNext(datagram);
            _socket.Send(datagram, SocketFlags.None, out var error);
            // A send is told of what came of one before it, and has then not been made.
            if (Failures.OfDatagram(error) == ProbeEventKind.Refused)
            {
                SeeRefusal(ProbeEventKind.Refused, now);
                _socket.Send(datagram, SocketFlags.None, out error);
            }

            _isShortOfRoom = error is SocketError.WouldBlock or SocketError.NoBufferSpaceAvailable;
            if (_isShortOfRoom)
            {
                break;
            }

            if (error != SocketError.Success)
            {
                _ledger.CountUnsent(isLocal: false);
                SeeRefusal(Failures.OfDatagram(error), now);
                continue;
            }

            _ledger.CountSent(now);
            _unansweredSince = _unansweredSince == 0 ? now : _unansweredSince;
            _unanswered++;
            _triedAfter = _answeredElsewhere is not null && _triedAfter == 0 ? now : _triedAfter;
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    private void Take(ReadOnlySpan<byte> datagram)
    {
        var now = Clock.Now;
        var arrival = _ledger.Take(datagram, now);
        switch (arrival)
        {
            case Arrival.Greeting:
                return;
            case Arrival.Stranger:
                Report(ProbeEventKind.Corrupted, string.Create(CultureInfo.InvariantCulture, $"{datagram.Length} bytes that this flow did not send"));
                return;
            case Arrival.Corrupted:
                Report(ProbeEventKind.Corrupted);
                break;
            case Arrival.Duplicate:
                Report(ProbeEventKind.Duplicated);
                break;
            case Arrival.Reordered:
                Report(ProbeEventKind.Reordered);
                break;
            case Arrival.AfterTimeout:
                Report(ProbeEventKind.Late, "after the timeout, and counted as lost");
                break;
        }

        if (_isCut)
        {
            settings.Events.Add(ProbeEventKind.Reconnected, number, Port());
        }

        (_unansweredSince, _unanswered, _answeredElsewhere, _triedAfter) = (0, 0, null, 0);
        (_isCut, _isStuck) = (false, false);
    }

    /// <summary>A fresh flow was answered, and what was sent here after that was not.</summary>
    private void SeeWhetherStuck(long now)
    {
        if (_answeredElsewhere is null)
        {
            _asking = fresh.AskAsync(now, _stop);
            _answeredElsewhere = fresh.Last is { } answer && answer.BeganAt > _unansweredSince ? answer : null;
        }
        else if (_triedAfter != 0 && now - _triedAfter > Math.Max(Doubt, 2 * _answeredElsewhere.Latency))
        {
            _isStuck = true;
            settings.Events.Add(ProbeEventKind.StuckFlow, number, string.Create(
                CultureInfo.InvariantCulture,
                $"{Port()}: {_unanswered} datagrams in {Clock.ToSeconds(now - _unansweredSince):0.0} s without an answer, while a fresh flow has one"));
        }
    }

    private string Port() => string.Create(CultureInfo.InvariantCulture, $"source port {((IPEndPoint?)_socket?.LocalEndPoint)?.Port}");

    private void SeeCut(long now)
    {
        _isCut = true;
        _firstCutAt = _firstCutAt == 0 ? now : _firstCutAt;
    }

    private void SeeRefusal(ProbeEventKind kind, long now)
    {
        SeeCut(now);
        Report(kind);
    }

    private void Report(ProbeEventKind kind, string? detail = null)
    {
        var now = Clock.Now;
        if (_rows.TryGetValue(kind, out var last) && now - last < RowEnds)
        {
            settings.Events.AddToRow(kind);
        }
        else
        {
            settings.Events.Add(kind, number, detail);
        }

        _rows[kind] = now;
    }
}
