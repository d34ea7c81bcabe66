namespace EchoService.Probe.Reporting;

/// <summary>One interval of the run.</summary>
/// <param name="AtSeconds">When it ended, from the start of the run.</param>
/// <param name="Answered">Messages answered in it.</param>
/// <param name="Late">Of those, late ones.</param>
/// <param name="Disordered">Datagrams that came out of order or once more in it; UDP only.</param>
/// <param name="Corrupted">Messages that came back wrong in it.</param>
/// <param name="Lost">Messages given up in it, sent or not.</param>
/// <param name="Ended">Connections that ended in it, however that was.</param>
/// <param name="ConnectFailures">Connects that failed in it, however that was.</param>
/// <param name="Open">Connections open at its end.</param>
/// <param name="WorstSeconds">The longest latency of an answer in it.</param>
internal sealed record TimelineReport(
    double AtSeconds,
    long Answered,
    long Late,
    long Disordered,
    long Corrupted,
    long Lost,
    long Ended,
    long ConnectFailures,
    int Open,
    double WorstSeconds)
{
    /// <summary>This interval and the next as one.</summary>
    public TimelineReport With(TimelineReport next) => next with
    {
        Answered = Answered + next.Answered,
        Late = Late + next.Late,
        Disordered = Disordered + next.Disordered,
        Corrupted = Corrupted + next.Corrupted,
        Lost = Lost + next.Lost,
        Ended = Ended + next.Ended,
        ConnectFailures = ConnectFailures + next.ConnectFailures,
        WorstSeconds = Math.Max(WorstSeconds, next.WorstSeconds),
    };
}
