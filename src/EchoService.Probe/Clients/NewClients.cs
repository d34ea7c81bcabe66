using System.Buffers;
using System.Globalization;
using EchoService.Probe.Events;
using EchoService.Probe.Instances;
using EchoService.Probe.Measurement;
using EchoService.Probe.Messages;
using EchoService.Probe.Streams;

namespace EchoService.Probe.Clients;

/// <summary>Fresh clients at a fixed rate, whatever the server does: connect, one message, close.</summary>
internal sealed class NewClients(LaneSettings settings, IExchange exchange, OutcomeTrack track, LatencyHistogram latencies) : IClients
{
    /// <summary>Connections under way at once; what is due beyond it is the probe's limit and not the server's.</summary>
    public const int MostUnderWay = 10_000;

    private readonly Lock _gate = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _idle = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private MessageTotals _totals;
    private GapMeter _gap;
    private long _connects;
    private long _worst;
    private int _underWay;
    private int _open;
    private bool _stopped;

    /// <summary>What has come of every connection since the last that was answered, if it was the same each time.</summary>
    private ProbeEventKind? _row;
    private bool _failed;

    public Task RunAsync(CancellationToken stop) => _idle.Task;

    public void Post(long index, long dueAt)
    {
        var now = Clock.Now;
        lock (_gate)
        {
            if (_stopped)
            {
                return;
            }

            _totals.Due++;
            _gap.Due(Math.Min(dueAt, now));
            if (_underWay == MostUnderWay)
            {
                Fail(index, now, ProbeEventKind.LocalLimit, "too many under way", peer: null, wasSent: false);
                return;
            }

            _underWay++;
        }

        // The pacer's thread keeps the time, and nothing else.
        ThreadPool.UnsafeQueueUserWorkItem(static visit => _ = visit.Clients.VisitAsync(visit.Index, visit.DueAt, visit.OwnLag), (Clients: this, Index: index, DueAt: dueAt, OwnLag: Math.Max(0, now - dueAt) - settings.Lag.Total(now)), preferLocal: false);
    }

    public void Housekeep(long now)
    {
        // Each connection has a deadline of its own.
    }

    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            if (_underWay == 0)
            {
                _idle.TrySetResult();
            }
        }

        _stop.Cancel();
    }

    public void AddTo(RunSample sample, long now)
    {
        lock (_gate)
        {
            sample.Messages.Add(_totals);
            sample.Connects += _connects;
            sample.EverConnected += _connects > 0 ? 1 : 0;
            sample.Open += _open;
            sample.Worst = Math.Max(sample.Worst, _worst);
            _worst = 0;
            _gap.AddTo(sample, now);
        }
    }

    public void Dispose()
    {
        _stop.Dispose();
        settings.Connector.Dispose();
    }

    private async Task VisitAsync(long index, long dueAt, long ownLag)
    {
        var (socket, peer, failure) = await settings.OpenAsync(Number(index), _stop.Token).ConfigureAwait(false);
        var buffer = ArrayPool<byte>.Shared.Rent(settings.Codec.MessageSize + StreamVerifier.EvidenceLength);
        try
        {
            if (socket is null)
            {
                lock (_gate)
                {
                    // Without a failure the run is over.
                    if (failure is { } kind)
                    {
                        Fail(index, dueAt, kind, detail: null, peer: null, wasSent: false);
                    }
                    else
                    {
                        _totals.Unsent++;
                    }
                }

                return;
            }

            lock (_gate)
            {
                _connects++;
                _open++;
            }

            var result = await exchange.RunAsync(socket, index, buffer, CountBytes, _stop.Token).ConfigureAwait(false);
            lock (_gate)
            {
                _open--;
                Settle(index, dueAt, ownLag, result, peer);
            }

            if (peer is not null)
            {
                settings.Instances?.Leave(peer.Instance);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            lock (_gate)
            {
                if (--_underWay == 0 && _stopped)
                {
                    _idle.TrySetResult();
                }
            }
        }
    }

    private void CountBytes(int sent, int received)
    {
        lock (_gate)
        {
            _totals.BytesSent += sent;
            _totals.BytesReceived += received;
        }
    }

    private void Settle(long index, long dueAt, long ownLag, in ExchangeResult result, Peer? peer)
    {
        var now = Clock.Now;
        var findings = result.Findings;
        _totals.BytesCorrupted += findings.WrongBytes;
        _totals.BytesLost += findings.MissingBytes;
        if (findings.MissingBytes > 0)
        {
            settings.Events.Add(ProbeEventKind.LostBytes, Number(index), string.Create(CultureInfo.InvariantCulture, $"{findings.MissingBytes} bytes missing"), peer?.Instance.Name);
            settings.Explain(peer, Number(index), ProbeEventKind.LostBytes);
        }

        if (findings.Corruption is { } corruption)
        {
            settings.Events.Add(ProbeEventKind.Corrupted, Number(index), corruption, peer?.Instance.Name);
            settings.Explain(peer, Number(index), ProbeEventKind.Corrupted);
        }

        if (result is { IsComplete: true, Fault: null })
        {
            Answer(index, dueAt, ownLag, peer, now);
        }
        else if (result is { IsComplete: true, Fault: ProbeEventKind.Corrupted })
        {
            _totals.Corrupted++;
            _gap.Answered(now, moreIsDue: _totals.Outstanding > 0);
            track.Saw(dueAt, outcome: ProbeEventKind.Corrupted);
        }
        else if (result.End is { } kind)
        {
            Fail(index, dueAt, kind, result.Partial == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"{result.Partial} of {settings.Codec.MessageSize} bytes of a message"), peer, wasSent: true);
        }
        else
        {
            _totals.Lost++;
            peer?.Instance.CountLost(1);
        }
    }

    private void Answer(long index, long dueAt, long ownLag, Peer? peer, long now)
    {
        peer?.Instance.CountAnswer();
        var latency = now - dueAt;
        _totals.Answered++;
        latencies.Record(latency);
        _worst = Math.Max(_worst, latency);
        _gap.Answered(now, moreIsDue: _totals.Outstanding > 0);
        track.Saw(dueAt, outcome: null);
        if (_failed)
        {
            settings.Events.Add(ProbeEventKind.Reconnected, Number(index), detail: null, peer?.Instance.Name);
        }

        _failed = false;
        if (latency <= settings.LateAfter)
        {
            _row = null;
            return;
        }

        var isOwn = latency - (ownLag + settings.Lag.Total(now)) <= settings.LateAfter;
        _totals.Late++;
        _totals.LateLocally += isOwn ? 1 : 0;
        ReportRow(index, ProbeEventKind.Late, string.Create(CultureInfo.InvariantCulture, $"after {Clock.ToSeconds(latency):0.000} s{(isOwn ? ", the probe's own lag" : "")}"), peer);
        settings.Explain(peer, Number(index), ProbeEventKind.Late);
    }

    private void Fail(long index, long dueAt, ProbeEventKind kind, string? detail, Peer? peer, bool wasSent)
    {
        _failed = true;
        track.Saw(dueAt, kind);
        if (wasSent)
        {
            _totals.Lost++;
            peer?.Instance.CountLost(1);
            peer?.Instance.CountEnd(kind);
            settings.Explain(peer, Number(index), kind);
        }
        else
        {
            _totals.Unsent++;
            _totals.UnsentLocally += kind == ProbeEventKind.LocalLimit ? 1 : 0;
        }

        ReportRow(index, kind, detail, peer);
    }

    private void ReportRow(long index, ProbeEventKind kind, string? detail, Peer? peer)
    {
        if (_row == kind)
        {
            settings.Events.AddToRow(kind);
        }
        else
        {
            settings.Events.Add(kind, Number(index), detail, peer?.Instance.Name);
        }

        _row = kind;
    }

    private static int Number(long index) => (int)(index % int.MaxValue) + 1;
}
