namespace EchoService.Testcontainers;

/// <summary>What a bulk close found.</summary>
public sealed record CloseClientsResult
{
    /// <summary>Clients that the filters match.</summary>
    public required int Matched { get; init; }

    /// <summary>Those of them that are closed, now or over the spread; in a dry run, that would be.</summary>
    public required int Closing { get; init; }
}
