namespace EchoService.Lifecycle;

/// <summary>What a drain may be given instead of the configured values; null keeps them.</summary>
/// <param name="ReadinessDelay">Lame-duck time.</param>
/// <param name="Timeout">From the closing of the listener to the deadline.</param>
/// <param name="Spread">Time over which connections are closed; zero: at once; negative: not before the deadline.</param>
/// <param name="OnDeadline">What happens to those left.</param>
internal sealed record DrainRequest(
    TimeSpan? ReadinessDelay = null,
    TimeSpan? Timeout = null,
    TimeSpan? Spread = null,
    DeadlineAction? OnDeadline = null);
