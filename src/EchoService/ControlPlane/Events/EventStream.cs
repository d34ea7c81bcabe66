using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using EchoService.ControlPlane.Stats;
using EchoService.Lifecycle;

namespace EchoService.ControlPlane.Events;

/// <summary>
/// The service as somebody who watches it is told of it: the figures now and then once a second, and every change of
/// phase. Each reader is asked for its next event when it has taken the last, so that one that is slow misses figures,
/// which the next ones make up for, and holds nothing but its own few changes of phase.
/// </summary>
internal sealed class EventStream(StatsReader stats, ServiceLifecycle lifecycle, IHostApplicationLifetime host, TimeProvider timeProvider)
{
    public const string StatsType = "stats";
    public const string PhaseType = "phase";

    /// <summary>
    /// Changes of phase that may wait for a reader: three drains that are begun and taken back. The stream of one that
    /// lags further behind ends, since it must not go on with a gap; reading afresh shows where the service is.
    /// </summary>
    public const int Backlog = 16;

    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Reads until the reader leaves, or until the service has drained and is about to stop listening.</summary>
    public async IAsyncEnumerable<SseItem<object>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Written to with the lifecycle's lock held: never waits, and never runs the reader.
        var changes = Channel.CreateBounded<PhaseEvent>(new BoundedChannelOptions(Backlog) { SingleReader = true });
        lifecycle.PhaseChanged += OnPhaseChanged;
        try
        {
            // Whichever comes last ends the stream, the order to stop or the end of the drain: Kestrel's stop would
            // wait for it. The order alone must not, for the drain that it begins is what people want to watch.
            await using var stopping = host.ApplicationStopping.Register(EndIfOver);
            using var timer = new PeriodicTimer(Interval, timeProvider);
            yield return new SseItem<object>(stats.Read(), StatsType);

            var tick = timer.WaitForNextTickAsync(cancellationToken).AsTask();
            var change = changes.Reader.WaitToReadAsync(cancellationToken).AsTask();
            while (true)
            {
                await Task.WhenAny(tick, change);
                while (changes.Reader.TryRead(out var phase))
                {
                    yield return new SseItem<object>(phase, PhaseType);
                }

                if (change.IsCompleted)
                {
                    if (!await change)
                    {
                        yield break;
                    }

                    change = changes.Reader.WaitToReadAsync(cancellationToken).AsTask();
                }

                if (tick.IsCompleted)
                {
                    await tick;
                    yield return new SseItem<object>(stats.Read(), StatsType);
                    // Only now: the timer holds one tick that nobody waits for, and drops the others.
                    tick = timer.WaitForNextTickAsync(cancellationToken).AsTask();
                }
            }
        }
        finally
        {
            lifecycle.PhaseChanged -= OnPhaseChanged;
        }

        void OnPhaseChanged(ServicePhase previous, ServicePhase phase)
        {
            if (!changes.Writer.TryWrite(new PhaseEvent(phase, previous)))
            {
                changes.Writer.TryComplete();
            }

            EndIfOver();
        }

        void EndIfOver()
        {
            if (host.ApplicationStopping.IsCancellationRequested && lifecycle.Phase == ServicePhase.Drained)
            {
                changes.Writer.TryComplete();
            }
        }
    }
}
