namespace EchoService.Configuration;

/// <summary>The section <c>Management</c>.</summary>
internal sealed record ManagementOptions
{
    /// <summary>The bearer key for calls that change something; null: such calls are taken from loopback alone.</summary>
    public string? ApiKey { get; init; }
}
