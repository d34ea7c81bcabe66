using EchoService.Probe.Dialing;
using EchoService.Probe.Events;

namespace EchoService.Probe;

/// <summary>What one run does; every value has been checked by the command line.</summary>
internal sealed record ProbeOptions
{
    public required ProbeMode Mode { get; init; }

    /// <summary>One for load, one or several for watch.</summary>
    public required IReadOnlyList<ProbeTarget> Targets { get; init; }

    public int PopulationCount => Targets.Count * ((Connections > 0 ? 1 : 0) + (NewRate > 0 ? 1 : 0));

    /// <summary>Connections held open to each target; 0 where new ones alone are asked for.</summary>
    public int Connections { get; init; } = 4;

    /// <summary>Messages per second over all held connections to a target; watch only.</summary>
    public double Rate { get; init; } = 100;

    /// <summary>New connections per second to each target; 0: none. Watch only.</summary>
    public double NewRate { get; init; }

    /// <summary>Messages that a connection keeps under way; load only.</summary>
    public int Pipeline { get; init; } = 1;

    /// <summary>Bytes per message.</summary>
    public int Size { get; init; } = 64;

    /// <summary>How long to send; null: until a signal.</summary>
    public TimeSpan? Duration { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a connect, or the next answer, is waited for; a message older than this is not sent any more.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>An answer that took longer than this is late; null: no answer is.</summary>
    public TimeSpan? LateAfter { get; init; }

    /// <summary>Whether a FIN at a message boundary is a disruption even if every message was answered.</summary>
    public bool Strict { get; init; }

    /// <summary>What is to be proved of held connections, in place of the usual verdict; null: nothing.</summary>
    public HeldExpectation? ExpectHeld { get; init; }

    /// <summary>What is to be proved of new connections, in place of the usual verdict; null: nothing.</summary>
    public NewExpectation? ExpectNew { get; init; }

    /// <summary>How much of a cause is no disruption yet; none of one that is not named.</summary>
    public IReadOnlyDictionary<ProbeEventKind, Limit> Limits { get; init; } = new Dictionary<ProbeEventKind, Limit>();

    /// <summary>What the connections look like to the other side.</summary>
    public Origin Origin { get; init; } = Origin.Plain;

    /// <summary>Whether the targets say who answers, and results are told by instance.</summary>
    public bool Banner { get; init; }

    /// <summary>Whether instances are asked why.</summary>
    public bool Explain { get; init; }

    /// <summary>Where the run's metrics are served; null: nowhere.</summary>
    public int? MetricsPort { get; init; }

    /// <summary>A longer gap is a disruption; null: a gap by itself is none.</summary>
    public TimeSpan? MaxGap { get; init; }
}
