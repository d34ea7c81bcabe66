using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using EchoService.ControlPlane.Faults;
using EchoService.ControlPlane.Stats;
using EchoService.Lifecycle;
using EchoService.Transport;
using EchoService.Transport.Faults;

namespace EchoService.ControlPlane.Events;

/// <summary>
/// The service as somebody who watches it is told of it: the figures now and then once a second, every change of
/// phase, and every fault that begins or ends. Each reader is asked for its next event when it has taken the last, so that one that is slow misses figures,
/// which the next ones make up for, and holds nothing but its own few changes.
/// </summary>
internal sealed class EventStream(StatsReader stats, ServiceLifecycle lifecycle, EchoServer server, IHostApplicationLifetime host, TimeProvider timeProvider)
{
    public const string StatsType = "stats";
    public const string PhaseType = "phase";
    public const string FaultType = "fault";

    /// <summary>
    /// Changes that may wait for a reader: three drains that are begun and taken back, and all faults ended at once. The
    /// stream of one that lags further behind ends, since it must not go on with a gap; reading afresh shows where the
    /// service is.
    /// </summary>
    public const int Backlog = 16 + FaultTable.Most;

    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <summary>Reads until the reader leaves, or until the service has drained and is about to stop listening.</summary>
    public async IAsyncEnumerable<SseItem<object>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Written to with the lifecycle's lock held, or that of the faults: never waits, and never runs the reader.
        var changes = Channel.CreateBounded<SseItem<object>>(new BoundedChannelOptions(Backlog) { SingleReader = true });
        lifecycle.PhaseChanged += OnPhaseChanged;
        server.Faults.Changed += OnFaultChanged;
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
                while (changes.Reader.TryRead(out var item))
                {
                    yield return item;
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
            server.Faults.Changed -= OnFaultChanged;
        }

        void OnPhaseChanged(ServicePhase previous, ServicePhase phase)
        {
            Tell(new SseItem<object>(new PhaseEvent(phase, previous), PhaseType));
            EndIfOver();
        }

        void OnFaultChanged(Fault fault, FaultEnd? why) => Tell(new SseItem<object>(new FaultEvent(why, FaultResponse.From(fault, why is null ? server.Faults.CountHeld(fault) : 0)), FaultType));

        void Tell(SseItem<object> item)
        {
            if (!changes.Writer.TryWrite(item))
            {
                changes.Writer.TryComplete();
            }
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
