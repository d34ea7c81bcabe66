namespace EchoService.Testcontainers;

/// <summary>Something that the service tells those who watch it: one of the nested types, and no other.</summary>
public abstract record EchoEvent
{
    private EchoEvent()
    {
    }

    /// <summary>The figures, at once and then every second.</summary>
    /// <param name="Stats">What <see cref="EchoManagementClient.GetStatsAsync"/> answers.</param>
    public sealed record StatsRead(EchoStats Stats) : EchoEvent;

    /// <summary>A change of phase.</summary>
    /// <param name="Phase">Where the service is.</param>
    /// <param name="Previous">Where it was.</param>
    public sealed record PhaseChanged(ServicePhase Phase, ServicePhase Previous) : EchoEvent;

    /// <summary>A fault has begun or ended.</summary>
    /// <param name="Ended">Why it is over; null: it has begun.</param>
    /// <param name="Fault">The fault as it was then.</param>
    public sealed record FaultChanged(FaultEnd? Ended, ActiveFault Fault) : EchoEvent;
}
