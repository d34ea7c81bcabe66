using EchoService.Transport;
using EchoService.Transport.Accepting;
using EchoService.Transport.Connections;

namespace EchoService.Diagnostics;

/// <summary>Says once a minute what the data plane did in that minute, and nothing when it did nothing.</summary>
internal sealed class TrafficSummary(EchoServer server, TimeProvider timeProvider, ILogger<TrafficSummary> logger) : IHostedService, IDisposable
{
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private ITimer? _timer;
    private Totals _last;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _timer = timeProvider.CreateTimer(static state => ((TrafficSummary)state!).Say(), this, Interval, Interval);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        _timer?.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return Task.CompletedTask;
    }

    public void Dispose() => _timer?.Dispose();

    private void Say()
    {
        var now = Totals.Read(server.Counters);
        var last = _last;
        _last = now;
        if (now != last)
        {
            Log.Traffic(
                logger,
                Interval.TotalSeconds,
                now.Accepted - last.Accepted,
                now.Closed - last.Closed,
                now.Rejected - last.Rejected,
                now.AcceptErrors - last.AcceptErrors,
                now.BytesReceived - last.BytesReceived,
                now.BytesSent - last.BytesSent,
                server.Limit.Active);
        }
    }

    private readonly record struct Totals(long Accepted, long Closed, long Rejected, long AcceptErrors, long BytesReceived, long BytesSent)
    {
        public static Totals Read(TransportCounters counters)
        {
            var (received, sent) = counters.ReadBytes();
            return new Totals(
                counters.Accepted,
                Enum.GetValues<CloseReason>().Sum(counters.Closed),
                Enum.GetValues<RejectReason>().Sum(counters.Rejected),
                Enum.GetValues<AcceptError>().Sum(counters.AcceptErrors),
                received,
                sent);
        }
    }
}
