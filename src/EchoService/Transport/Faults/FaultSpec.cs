using EchoService.Transport.Addressing;

namespace EchoService.Transport.Faults;

/// <summary>What a fault was asked to do. Which parameters a kind has, and their ranges, is for whoever asks to hold to.</summary>
internal sealed record FaultSpec(FaultKind Kind, TimeSpan Duration)
{
    /// <summary>How much later an echo leaves.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>How much more than that it may be at most, drawn anew for each read.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>Bytes per second and connection.</summary>
    public int BytesPerSecond { get; init; }

    /// <summary>Bytes of a piece.</summary>
    public int PieceBytes { get; init; }

    /// <summary>Time between two pieces.</summary>
    public TimeSpan PieceInterval { get; init; }

    /// <summary>Bytes sent on a connection since the fault has taken hold of it, after which it is cut; null: their number does not count.</summary>
    public long? AfterBytes { get; init; }

    /// <summary>Time since the fault has taken hold of a connection, after which it is cut; null: it does not count.</summary>
    public TimeSpan? After { get; init; }

    /// <summary>Of this many bytes received the last is altered.</summary>
    public long EveryBytes { get; init; }

    /// <summary>Which connections, by when they came.</summary>
    public FaultScope Scope { get; init; }

    /// <summary>Which clients, by where they come from; null: all.</summary>
    public AddressRange? Remote { get; init; }

    /// <summary>How that was written; null: it was not.</summary>
    public string? RemoteText { get; init; }

    /// <summary>How much of what it meets it takes hold of, drawn for each: 0 to 100.</summary>
    public double Percent { get; init; } = 100;

    /// <summary>What chance is drawn from, so that a run can be repeated.</summary>
    public int Seed { get; init; }
}
