using EchoService.Lifecycle;

namespace EchoService.ControlPlane.Drain;

/// <summary>A drain at one moment: initial = remaining + closedByClient + closedGracefully + closedForced.</summary>
/// <param name="Phase">Where the service is.</param>
/// <param name="Trigger">Who asked for the drain; null while serving.</param>
/// <param name="StartedAt">When lame duck began; null while serving.</param>
/// <param name="Deadline">When those left are closed by force; null while serving.</param>
/// <param name="Initial">Connections open at the start, and those accepted since, while lame duck.</param>
/// <param name="Remaining">Connections that have not gone.</param>
/// <param name="ClosedByClient">Those whose client left by itself.</param>
/// <param name="ClosedGracefully">Those that were sent FIN after their last echo.</param>
/// <param name="ClosedForced">Those that were cut off.</param>
/// <param name="BytesUnsent">Bytes received and not handed to the kernel for the way back, of connections that ended during the drain, whoever asked.</param>
internal sealed record DrainResponse(
    ServicePhase Phase,
    DrainTrigger? Trigger,
    DateTime? StartedAt,
    DateTime? Deadline,
    long Initial,
    long Remaining,
    long ClosedByClient,
    long ClosedGracefully,
    long ClosedForced,
    long BytesUnsent)
{
    public static DrainResponse From(DrainStatus status) => new(
        status.Phase,
        status.Trigger,
        status.StartedAt?.UtcDateTime,
        status.Deadline?.UtcDateTime,
        status.Initial,
        status.Remaining,
        status.Closed.ByClient,
        status.Closed.Gracefully,
        status.Closed.Forced,
        status.BytesUnsent);
}
