namespace EchoService.Testcontainers;

/// <summary>The faults that are on.</summary>
public sealed record FaultList
{
    /// <summary>Whether faults can be injected (Faults:Enabled).</summary>
    public required bool Enabled { get; init; }

    /// <summary>Those that are on, oldest first; of a call that has ended them, those that it has.</summary>
    public required IReadOnlyList<ActiveFault> Items { get; init; }
}
