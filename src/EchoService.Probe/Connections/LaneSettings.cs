using EchoService.Probe.Measurement;

namespace EchoService.Probe.Connections;

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
    /// <summary>A buffer holds at least one message, and no more than this unless one message is longer.</summary>
    private const int BufferLimit = 65_536;

    public int BufferSize => Codec.MessageSize * Math.Clamp(BufferLimit / Codec.MessageSize, 1, Batch);
}
