namespace EchoService.Transport.Faults;

/// <summary>The section <c>Faults</c>.</summary>
internal sealed record FaultOptions
{
    /// <summary>Whether faults can be injected.</summary>
    public bool Enabled { get; init; }
}
