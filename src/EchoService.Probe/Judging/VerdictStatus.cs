namespace EchoService.Probe.Judging;

internal enum VerdictStatus
{
    NoDisruption,

    /// <summary>What was to be proved is true, and stayed so.</summary>
    AsExpected,
    Disruption,

    /// <summary>What was to be proved never became true, or did not stay so.</summary>
    NotAsExpected,

    /// <summary>All that was wrong, the probe's own machine was to blame for: nothing is said of the server.</summary>
    Inconclusive,
    NoConnection,
}
