namespace EchoService.ControlPlane.Health;

/// <summary>Whether the process lives, or whether it wants clients.</summary>
internal enum HealthStatus
{
    /// <summary>Yes.</summary>
    Ok,

    /// <summary>No.</summary>
    Unavailable,
}
