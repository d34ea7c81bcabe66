namespace EchoService.ControlPlane.Stats;

/// <summary>A process.</summary>
/// <param name="Name">The host's or pod's name.</param>
/// <param name="Version">The service's version.</param>
/// <param name="StartedAt">When it started.</param>
/// <param name="UptimeSeconds">How long ago that was.</param>
internal sealed record InstanceStats(string Name, string Version, DateTime StartedAt, double UptimeSeconds)
{
    /// <summary>The name of this one.</summary>
    public static string Here { get; } = Environment.MachineName;
}
