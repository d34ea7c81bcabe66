using System.Text.Json;
using System.Text.Json.Serialization;
using EchoService.Configuration;
using EchoService.ControlPlane.Requests;
using EchoService.Transport.Addressing;
using EchoService.Transport.Faults;

namespace EchoService.ControlPlane.Faults;

/// <summary>A fault to begin: its kind, for how long, and the parameters that the kind has.</summary>
/// <param name="Kind">What is to go wrong.</param>
/// <param name="DurationSeconds">When it ends by itself. More than 0, up to 3,600.</param>
/// <param name="Milliseconds">delay, udpDelay: how much later an echo leaves. 0 to 600,000.</param>
/// <param name="JitterMilliseconds">delay: how much more than that at most, drawn for each read. 0 (default) to 600,000.</param>
/// <param name="BytesPerSecond">throttle: what each connection gets. 1 to 1,000,000,000.</param>
/// <param name="Bytes">slice: the size of a piece. 1 to 1,000,000.</param>
/// <param name="EveryMilliseconds">slice: the time between two pieces. 0 (default) to 60,000.</param>
/// <param name="AfterBytes">reset, fin: after so many bytes sent since the fault took hold of the connection. 0 to 1,000,000,000,000.</param>
/// <param name="AfterSeconds">reset, fin: after so long since then. 0 to 3,600. With afterBytes too, whichever comes first; with neither, at once.</param>
/// <param name="EveryBytes">corrupt, drop, duplicate: of so many bytes the last. 1 to 1,000,000,000,000.</param>
/// <param name="Connections">Which connections, by when they were accepted; for faults that are about connections.</param>
/// <param name="Remote">Only clients from this address or range (CIDR).</param>
/// <param name="Percent">How much of what it meets it is about: 0 to 100 (default), drawn once for each connection, or for each datagram.</param>
/// <param name="Seed">What chance is drawn from, so that a run can be repeated. 0 to 2,147,483,647. Without it one is drawn, and told.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
internal sealed record FaultBody(
    FaultKind? Kind = null,
    double? DurationSeconds = null,
    double? Milliseconds = null,
    double? JitterMilliseconds = null,
    long? BytesPerSecond = null,
    long? Bytes = null,
    double? EveryMilliseconds = null,
    long? AfterBytes = null,
    double? AfterSeconds = null,
    long? EveryBytes = null,
    FaultScope? Connections = null,
    string? Remote = null,
    double? Percent = null,
    long? Seed = null)
{
    private const double LongestSeconds = 3600;
    private const double LongestMilliseconds = 600_000;
    private const double MostBytes = 1e12;

    /// <summary>What is wrong with it, by field; null when nothing is, and then <paramref name="spec"/> says what to do.</summary>
    public IDictionary<string, string[]>? Check(out FaultSpec spec)
    {
        var errors = new FieldErrors();
        AddressRange? range = null;
        if (Remote is not null && !ValueFormats.Range.TryParse(Remote, out range))
        {
            errors.Add("remote", ValueFormats.Range.Explain(Remote));
        }

        errors.AddUnlessWithin("milliseconds", Milliseconds, 0, LongestMilliseconds);
        errors.AddUnlessWithin("jitterMilliseconds", JitterMilliseconds, 0, LongestMilliseconds);
        errors.AddUnlessWithin("bytesPerSecond", BytesPerSecond, 1, 1e9);
        errors.AddUnlessWithin("bytes", Bytes, 1, 1e6);
        errors.AddUnlessWithin("everyMilliseconds", EveryMilliseconds, 0, 60_000);
        errors.AddUnlessWithin("afterBytes", AfterBytes, 0, MostBytes);
        errors.AddUnlessWithin("afterSeconds", AfterSeconds, 0, LongestSeconds);
        errors.AddUnlessWithin("everyBytes", EveryBytes, 1, MostBytes);
        errors.AddUnlessWithin("percent", Percent, 0, 100);
        errors.AddUnlessWithin("seed", Seed, 0, int.MaxValue);
        if (DurationSeconds is not (> 0 and <= LongestSeconds))
        {
            errors.Add("durationSeconds", "must be given, as a number greater than 0 and up to 3600");
        }

        if (Kind is { } kind)
        {
            CheckParameters(kind, errors);
        }
        else
        {
            errors.Add("kind", $"must be given, as one of {string.Join(", ", FaultKinds.All.Select(Name))}");
        }

        spec = errors.Result is not null ? new FaultSpec(default, default) : new FaultSpec(Kind.GetValueOrDefault(), TimeSpan.FromSeconds(DurationSeconds.GetValueOrDefault()))
        {
            Delay = TimeSpan.FromMilliseconds(Milliseconds ?? 0),
            Jitter = TimeSpan.FromMilliseconds(JitterMilliseconds ?? 0),
            BytesPerSecond = (int)(BytesPerSecond ?? 0),
            PieceBytes = (int)(Bytes ?? 0),
            PieceInterval = TimeSpan.FromMilliseconds(EveryMilliseconds ?? 0),
            AfterBytes = AfterBytes,
            After = AfterSeconds is { } after ? TimeSpan.FromSeconds(after) : null,
            EveryBytes = EveryBytes ?? 0,
            Scope = Connections ?? FaultScope.All,
            Remote = range,
            RemoteText = Remote,
            Percent = Percent ?? 100,
            Seed = (int)(Seed ?? Random.Shared.Next()),
        };
        return errors.Result;
    }

    /// <summary>A kind as JSON has it.</summary>
    public static string Name(FaultKind kind) => JsonNamingPolicy.CamelCase.ConvertName(kind.ToString());

    private void CheckParameters(FaultKind kind, FieldErrors errors)
    {
        var parameters = FaultParameters.Of(kind);
        foreach (var (name, isGiven) in Given())
        {
            if (isGiven && !parameters.All.Contains(name))
            {
                errors.Add(name, parameters.All.Count == 0
                    ? $"is not a parameter of {Name(kind)}, which has none but durationSeconds"
                    : $"is not a parameter of {Name(kind)}; there are {string.Join(", ", parameters.All)}");
            }
            else if (!isGiven && parameters.Required == name)
            {
                errors.Add(name, $"must be given for {Name(kind)}");
            }
        }
    }

    private (string Name, bool IsGiven)[] Given() =>
    [
        ("milliseconds", Milliseconds is not null),
        ("jitterMilliseconds", JitterMilliseconds is not null),
        ("bytesPerSecond", BytesPerSecond is not null),
        ("bytes", Bytes is not null),
        ("everyMilliseconds", EveryMilliseconds is not null),
        ("afterBytes", AfterBytes is not null),
        ("afterSeconds", AfterSeconds is not null),
        ("everyBytes", EveryBytes is not null),
        ("connections", Connections is not null),
        ("remote", Remote is not null),
        ("percent", Percent is not null),
        ("seed", Seed is not null),
    ];
}
