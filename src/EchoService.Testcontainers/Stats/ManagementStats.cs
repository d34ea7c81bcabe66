namespace EchoService.Testcontainers;

/// <summary>Clients of this API.</summary>
public sealed record ManagementStats
{
    /// <summary>Connected now.</summary>
    public required int Connections { get; init; }

    /// <summary>The most that may be at once; beyond it the one that was not in use for longest gives way.</summary>
    public required int Limit { get; init; }

    /// <summary>Readers of <c>/events</c> now.</summary>
    public required int EventStreams { get; init; }
}
