using System.Globalization;
using EchoService.Probe.Clients;
using EchoService.Probe.Events;
using EchoService.Probe.Instances;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Messages;

/// <summary>What became of one client's messages, and how long it waited for them, whatever carried them.</summary>
/// <remarks>Guarded by the client's gate. Every method takes the time, so that one event has one.</remarks>
internal sealed class ClientTally(int client, LaneSettings settings, LatencyHistogram latencies)
{
    public MessageTotals Totals;
    private GapMeter _gap;
    private bool _lateRow;
    private long _worst;

    /// <summary>Who is at the other end now; null where that is not known.</summary>
    public Peer? Peer { get; set; }

    /// <summary>When the first and the last answer came; 0: there was none.</summary>
    public long FirstAnswerAt { get; private set; }

    public long LastAnswerAt { get; private set; }

    /// <summary>A message is due.</summary>
    public PendingMessage Post(long sequence, long dueAt, long now)
    {
        Totals.Due++;
        _gap.Due(Math.Min(dueAt, now));
        return new PendingMessage(sequence, dueAt, StartedAt: 0, OwnLag: Math.Max(0, now - dueAt) - settings.Lag.Total(now));
    }

    /// <summary>A message has come back, right or wrong.</summary>
    /// <param name="now">The time.</param>
    /// <param name="moreIsDue">Whether another is waited for.</param>
    public void CameBack(long now, bool moreIsDue) => _gap.Answered(now, moreIsDue);

    /// <summary>A message has come back as it was sent.</summary>
    public void CountAnswer(in PendingMessage message, long now)
    {
        var latency = now - message.StartedAt;
        Totals.Answered++;
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
            Totals.Late++;
            Totals.LateLocally += isOwn ? 1 : 0;
            if (!_lateRow)
            {
                settings.Events.Add(ProbeEventKind.Late, client, string.Create(
                    CultureInfo.InvariantCulture,
                    $"after {Clock.ToSeconds(latency):0.000} s{(isOwn ? ", the probe's own lag" : "")}"), Peer?.Instance.Name);
                settings.Explain(Peer, client, ProbeEventKind.Late);
            }
        }

        _lateRow = late;
    }

    public void CountLost(int messages)
    {
        Totals.Lost += messages;
        Peer?.Instance.CountLost(messages);
    }

    /// <param name="isLocal">It is the probe's own machine that could not send it.</param>
    public void CountUnsent(bool isLocal)
    {
        Totals.Unsent++;
        Totals.UnsentLocally += isLocal ? 1 : 0;
    }

    /// <summary>Adds this to <paramref name="sample"/>; the worst latency is that since the last sample.</summary>
    public void AddTo(RunSample sample, long now)
    {
        sample.Messages.Add(Totals);
        sample.Worst = Math.Max(sample.Worst, _worst);
        _worst = 0;
        _gap.AddTo(sample, now);
    }
}
