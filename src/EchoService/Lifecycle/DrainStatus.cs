namespace EchoService.Lifecycle;

/// <summary>
/// A drain at one moment. Whom it has to do with is either remaining or closed in one of three ways, at every moment.
/// </summary>
/// <param name="Phase">Where the service is.</param>
/// <param name="Trigger">Who asked; null while serving.</param>
/// <param name="StartedAt">When lame duck began; null while serving.</param>
/// <param name="Deadline">When who is left is closed by force; null while serving.</param>
/// <param name="Initial">Connections open at the start, and those accepted since, while lame duck.</param>
/// <param name="Remaining">Connections not gone yet.</param>
/// <param name="Closed">How the others went.</param>
/// <param name="BytesUnsent">Bytes received and not handed to the kernel for the way back, of connections that ended during the drain, whoever asked.</param>
internal sealed record DrainStatus(
    ServicePhase Phase,
    DrainTrigger? Trigger,
    DateTimeOffset? StartedAt,
    DateTimeOffset? Deadline,
    long Initial,
    long Remaining,
    DrainCloses Closed,
    long BytesUnsent);
