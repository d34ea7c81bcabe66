using System.Net.Sockets;
using EchoService.Probe.Dialing;
using EchoService.Probe.Events;
using EchoService.Probe.Explaining;
using EchoService.Probe.Instances;
using EchoService.Probe.Measurement;
using EchoService.Probe.Messages;

namespace EchoService.Probe.Clients;

/// <summary>What the lanes of a run share; durations in nanoseconds.</summary>
/// <param name="Codec">Writes and checks messages.</param>
/// <param name="Connector">Makes connections.</param>
/// <param name="Events">Takes what goes wrong.</param>
/// <param name="Lag">Tells how long the probe itself did not get to run.</param>
/// <param name="Timeout">How long an answer is waited for, and how long a message that could not be sent is kept.</param>
/// <param name="LateAfter">An answer that took longer is late.</param>
/// <param name="RetryInterval">Least time between two connects of a lane.</param>
/// <param name="Batch">Messages that fit a send or receive buffer.</param>
internal sealed record LaneSettings(
    MessageCodec Codec,
    Connector Connector,
    EventLog Events,
    OwnLag Lag,
    long Timeout,
    long LateAfter,
    TimeSpan RetryInterval,
    int Batch)
{
    /// <summary>Reads who answers, with <c>--banner</c>; null: it is not asked for.</summary>
    public BannerReader? Banners { get; init; }

    /// <summary>Who has answered; null without <c>--banner</c>.</summary>
    public InstanceTable? Instances { get; init; }

    /// <summary>Asks them why, with <c>--explain</c>; null: nobody is asked.</summary>
    public Explainer? Explainer { get; init; }

    /// <summary>Takes what they say.</summary>
    public ExplanationLog? Explanations { get; init; }

    /// <summary>A buffer holds at least one message, and no more than this unless one message is longer.</summary>
    private const int BufferLimit = 65_536;

    /// <summary>Connects, and learns who answers where that is asked for. Neither a socket nor a failure: <paramref name="stop"/> came first.</summary>
    /// <param name="client">Number of the client.</param>
    /// <param name="stop">Ends the attempt.</param>
    public async Task<(Socket? Socket, Peer? Peer, ProbeEventKind? Failure)> OpenAsync(int client, CancellationToken stop)
    {
        var (socket, failure) = await Connector.ConnectAsync(stop).ConfigureAwait(false);
        if (socket is null || Banners is null || Instances is null)
        {
            return (socket, null, failure);
        }

        (var banner, failure) = await Banners.ReadAsync(socket, stop).ConfigureAwait(false);
        if (banner is null)
        {
            socket.Dispose();
            return (null, null, failure);
        }

        Explainer?.Follow(banner.Management);
        return (socket, Instances.Enter(banner, client), null);
    }

    /// <summary>Something happened that the instance may know the reason of.</summary>
    public void Explain(Peer? peer, int client, ProbeEventKind kind)
    {
        if (peer is not null && Explanations is not null)
        {
            Explainer?.Ask(new Question(Explanations, peer, client, kind, Clock.Now));
        }
    }

    public int BufferSize => Codec.MessageSize * Math.Clamp(BufferLimit / Codec.MessageSize, 1, Batch);
}
