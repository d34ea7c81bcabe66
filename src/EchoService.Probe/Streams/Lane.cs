using EchoService.Probe.Clients;
using EchoService.Probe.Events;
using EchoService.Probe.Instances;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Streams;

/// <summary>
/// One client: a connection to the target that is made again whenever it ends. Messages become due either from outside
/// (<see cref="Post"/>, open loop) or by themselves, one for each answered (<see cref="KeepUnderWay"/>, closed loop).
/// </summary>
/// <remarks>
/// The gate guards everything that changes, the ledger and the conversation included. It is taken by the receive loop,
/// by completions of sends, by the pacer and by the run's housekeeping, a moment each; nothing waits while holding it.
/// </remarks>
internal sealed class Lane(int number, LaneSettings settings, LatencyHistogram latencies) : IHeldClient
{
    private readonly Lock _gate = new();
    private readonly MessageLedger _ledger = new(number, settings, latencies);
    private readonly byte[] _received = new byte[settings.BufferSize + StreamVerifier.EvidenceLength];

    private Conversation? _conversation;
    private bool _stopped;
    private long _connects;
    private long _firstEndAt;

    /// <summary>What has come of every attempt since the last answer, if it was the same each time.</summary>
    private ProbeEventKind? _row;

    /// <summary>Whether the connection has answered.</summary>
    private bool _answers;

    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            var began = Clock.Now;
            var (socket, peer, failure) = await settings.OpenAsync(number, stop).ConfigureAwait(false);
            if (socket is not null)
            {
                using var conversation = new Conversation(number, _gate, _ledger, settings, socket, _received);
                await ConverseAsync(conversation, peer).ConfigureAwait(false);
                if (peer is not null)
                {
                    settings.Instances?.Leave(peer.Instance);
                }
            }
            else if (failure is { } kind)
            {
                lock (_gate)
                {
                    ReportRow(kind);
                }
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
        lock (_gate)
        {
            _ledger.Post(dueAt, Clock.Now);
            _conversation?.Flush();
        }
    }

    /// <summary>From now on keeps this many messages under way; 0: no more are begun.</summary>
    public void KeepUnderWay(int messages)
    {
        lock (_gate)
        {
            _ledger.KeepUnderWay(messages);
            if (_conversation is not null)
            {
                _ledger.TopUp(Clock.Now);
                _conversation.Flush();
            }
        }
    }

    /// <summary>Gives up messages that could not be sent in time, and the connection if it has stalled.</summary>
    public void Housekeep(long now)
    {
        lock (_gate)
        {
            _ledger.GiveUpOverdue(now, isLocal: _row == ProbeEventKind.LocalLimit);
            _conversation?.GiveUpIfStalled(now);
        }
    }

    /// <summary>Ends the connection in order and makes no other; what is outstanding stays unanswered.</summary>
    public void Stop()
    {
        lock (_gate)
        {
            _stopped = true;
            _ledger.GiveUp(isLocal: _row == ProbeEventKind.LocalLimit);
            _conversation?.Close();
        }
    }

    /// <summary>Adds this lane to <paramref name="sample"/>; the worst latency is that since the last sample.</summary>
    public void AddTo(RunSample sample, long now)
    {
        lock (_gate)
        {
            sample.Connects += _connects;
            sample.Reconnects += Math.Max(0, _connects - 1);
            sample.EverConnected += _connects > 0 ? 1 : 0;
            sample.Open += _conversation is not null ? 1 : 0;
            sample.SeeLane(_ledger.FirstAnswerAt, _ledger.LastAnswerAt, _firstEndAt);
            _ledger.AddTo(sample, now);
        }
    }

    private async Task ConverseAsync(Conversation conversation, Peer? peer)
    {
        lock (_gate)
        {
            if (_stopped)
            {
                return;
            }

            _conversation = conversation;
            _ledger.Peer = peer;
            _answers = false;
            _connects++;
            _ledger.TopUp(Clock.Now);
            conversation.Flush();
        }

        var error = await conversation.RunAsync(SeeProgress).ConfigureAwait(false);
        lock (_gate)
        {
            _conversation = null;
            if (_stopped || error is null)
            {
                _ledger.Peer = null;
                return;
            }

            _firstEndAt = _firstEndAt == 0 ? Clock.Now : _firstEndAt;
            var (kind, detail) = conversation.End(error.Value);
            _ledger.Peer = null;
            if (kind != ProbeEventKind.Corrupted)
            {
                ReportRow(kind, detail, peer);
                peer?.Instance.CountEnd(kind);
                settings.Explain(peer, number, kind);
            }
        }
    }

    /// <summary>Notes the first answer on a connection; false once the lane is stopped. Called under the gate.</summary>
    private bool SeeProgress()
    {
        if (!_answers && _conversation is { Answered: > 0 })
        {
            _answers = true;
            _row = null;
            if (_connects > 1)
            {
                settings.Events.Add(ProbeEventKind.Reconnected, number, detail: null, _ledger.Peer?.Instance.Name);
            }
        }

        return !_stopped;
    }

    /// <summary>A client that fails in one way over and over is one event, however often it tries.</summary>
    private void ReportRow(ProbeEventKind kind, string? detail = null, Peer? peer = null)
    {
        if (_row == kind)
        {
            settings.Events.AddToRow(kind);
        }
        else
        {
            settings.Events.Add(kind, number, detail, peer?.Instance.Name);
        }

        _row = kind;
    }
}
