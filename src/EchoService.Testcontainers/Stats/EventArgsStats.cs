namespace EchoService.Testcontainers;

/// <summary>The pool of SocketAsyncEventArgs.</summary>
public sealed record EventArgsStats
{
    /// <summary>The most that can be.</summary>
    public required int Capacity { get; init; }

    /// <summary>How many there are.</summary>
    public required int Created { get; init; }

    /// <summary>How many are out.</summary>
    public required int InUse { get; init; }
}
