using EchoService.Probe.Connections;

namespace EchoService.Probe;

/// <summary>What one run does; every value has been checked by the command line.</summary>
internal sealed record ProbeOptions
{
    public required ProbeMode Mode { get; init; }

    public required ProbeTarget Target { get; init; }

    public int Connections { get; init; } = 4;

    /// <summary>Messages per second over all connections together; watch only.</summary>
    public double Rate { get; init; } = 100;

    /// <summary>Messages that a connection keeps under way; load only.</summary>
    public int Pipeline { get; init; } = 1;

    /// <summary>Bytes per message.</summary>
    public int Size { get; init; } = 64;

    public TimeSpan Duration { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a connect, or the next answer, is waited for; a message older than this is not sent any more.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>An answer that took longer than this is late; null: no answer is.</summary>
    public TimeSpan? LateAfter { get; init; }

    /// <summary>Whether a FIN at a message boundary is a disruption even if every message was answered.</summary>
    public bool Strict { get; init; }
}
