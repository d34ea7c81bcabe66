namespace EchoService.Testcontainers;

/// <summary>TCP connections.</summary>
public sealed record ConnectionStats
{
    /// <summary>Connected now, closing ones included.</summary>
    public required int Active { get; init; }

    /// <summary>The most at once.</summary>
    public required int Peak { get; init; }

    /// <summary>The most that may be at once.</summary>
    public required int Limit { get; init; }

    /// <summary>All that ever were.</summary>
    public required long Accepted { get; init; }

    /// <summary>Those that ended, by reason.</summary>
    public required IReadOnlyDictionary<CloseReason, long> Closed { get; init; }

    /// <summary>Those turned away, by reason; they do not count as accepted.</summary>
    public required IReadOnlyDictionary<RejectReason, long> Rejected { get; init; }
}
