namespace EchoService.Configuration;

/// <summary>The section <c>Management</c>.</summary>
internal sealed record ManagementOptions
{
    /// <summary>The bearer key for calls that change something; null: such calls are taken from loopback alone.</summary>
    public string? ApiKey { get; init; }

    /// <summary>The most HTTP connections at once.</summary>
    public int MaxConnections { get; init; } = 256;

    /// <summary>The most readers of <c>/events</c> at once; never more than half of the connections.</summary>
    public int MaxEventStreams { get; init; } = 64;

    /// <summary>Where others reach the management API of this instance, as the banner tells them; null: it does not say.</summary>
    public Uri? PublicUrl { get; init; }
}
