namespace EchoService.Testcontainers;

/// <summary>The service in figures. Counters are cumulative since the start.</summary>
public sealed record EchoStats
{
    /// <summary>Which process this is.</summary>
    public required InstanceStats Instance { get; init; }

    /// <summary>Where it is between serving and gone.</summary>
    public required ServicePhase Phase { get; init; }

    /// <summary>What it listens on.</summary>
    public required IReadOnlyList<ListenerStats> Listeners { get; init; }

    /// <summary>TCP connections.</summary>
    public required ConnectionStats Connections { get; init; }

    /// <summary>Bytes over TCP.</summary>
    public required ByteStats Bytes { get; init; }

    /// <summary>Faults that were asked for.</summary>
    public required FaultStats Faults { get; init; }

    /// <summary>Clients of this API.</summary>
    public required ManagementStats Management { get; init; }

    /// <summary>What is kept for reuse.</summary>
    public required PoolStats Pools { get; init; }

    /// <summary>Datagrams.</summary>
    public required DatagramStats Udp { get; init; }
}
