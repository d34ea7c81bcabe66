namespace EchoService.Lifecycle;

/// <summary>The section <c>Drain</c>: defaults of every drain; a call of the API may give its own.</summary>
internal sealed record DrainOptions
{
    /// <summary>Lame-duck time: not ready, still accepting.</summary>
    public TimeSpan ReadinessDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>From the closing of the listener to the deadline.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time over which open connections are closed gracefully; zero: at once; -1 s: not before the deadline.</summary>
    public TimeSpan Spread { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>What happens to those left at the deadline.</summary>
    public DeadlineAction OnDeadline { get; init; } = DeadlineAction.Reset;
}
