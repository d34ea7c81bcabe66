namespace EchoService.Testcontainers;

/// <summary>A page of clients.</summary>
public sealed record ClientPage
{
    /// <summary>How many match, on all pages.</summary>
    public required int Total { get; init; }

    /// <summary>Those on this page, in order.</summary>
    public required IReadOnlyList<ClientInfo> Items { get; init; }

    /// <summary>The cursor of the next page; null on the last one.</summary>
    public required string? Next { get; init; }
}
