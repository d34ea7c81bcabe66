namespace RetryingClient;

/// <summary>How patient a client is.</summary>
public sealed record RetryOptions
{
    /// <summary>How often a message is tried in all; at least 1.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>How long an attempt may take, the connect included.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The pause before the second attempt; it doubles with each one after that, up to <see cref="LongestPause"/>.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>The longest pause between two attempts.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromMilliseconds(500);
}
