namespace EchoService.Probe.Messages;

/// <param name="Sequence">Number on its lane, from 0.</param>
/// <param name="DueAt">When it should have left.</param>
/// <param name="StartedAt">
/// What its latency counts from: the earlier of <paramref name="DueAt"/> and the moment it was first sent; 0 until then.
/// </param>
/// <param name="OwnLag">How late the probe posted it, less what <see cref="Measurement.OwnLag"/> had measured by then: with that of the answer added, the probe's share of its latency.</param>
internal readonly record struct PendingMessage(long Sequence, long DueAt, long StartedAt, long OwnLag);
