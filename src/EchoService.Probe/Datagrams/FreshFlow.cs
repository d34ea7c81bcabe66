using EchoService.Probe.Clients;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Datagrams;

/// <summary>
/// Finds out, for flows that are not answered, whether a fresh one is: a source port that was never used, one datagram,
/// closed. Then it is not the server that is silent, but what these flows are bound to.
/// </summary>
/// <remarks>One at a time for a population, and two a second at most, however many flows ask. None of it is counted.</remarks>
internal sealed class FreshFlow(LaneSettings settings)
{
    private const long Interval = Clock.Second / 2;

    private readonly DatagramExchange _exchange = new(settings.Codec, TimeSpan.FromSeconds(Clock.ToSeconds(settings.Timeout)), DatagramExchange.Greeting);
    private readonly byte[] _buffer = new byte[settings.Codec.MessageSize + 1];
    private Task _asking = Task.CompletedTask;
    private long _askedAt;
    private long _sequence;
    private volatile FreshAnswer? _last;

    /// <summary>The last that was answered; null: none was.</summary>
    public FreshAnswer? Last => _last;

    /// <summary>Opens one, unless that was done just now. Called from one place at a time.</summary>
    /// <returns>The end of the one that is under way.</returns>
    public Task AskAsync(long now, CancellationToken stop)
    {
        if (_asking.IsCompleted && now - _askedAt > Interval)
        {
            _askedAt = now;
            _asking = RunAsync(stop);
        }

        return _asking;
    }

    private async Task RunAsync(CancellationToken stop)
    {
        var (socket, _) = await settings.Connector.ConnectAsync(stop).ConfigureAwait(false);
        if (socket is null)
        {
            return;
        }

        var began = Clock.Now;
        var result = await _exchange.RunAsync(socket, _sequence++, _buffer, static (_, _) => { }, stop).ConfigureAwait(false);
        if (result is { IsComplete: true, Fault: null })
        {
            _last = new FreshAnswer(began, Clock.Now - began);
        }
    }
}
