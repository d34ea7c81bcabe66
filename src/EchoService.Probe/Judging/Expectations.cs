using System.Globalization;
using System.Text.Json;
using EchoService.Probe.Clients;
using EchoService.Probe.Dialing;
using EchoService.Probe.Display;
using EchoService.Probe.Events;
using EchoService.Probe.Measurement;
using EchoService.Probe.Reporting;

namespace EchoService.Probe.Judging;

/// <summary>Judges what was to be proved: when it became true, whether it stayed so, and whom it spared.</summary>
internal static class Expectations
{
    /// <summary>Whether the outcome of a new connection or flow is what is expected; null is an answer.</summary>
    public static Func<ProbeEventKind?, bool> OutcomeOf(NewExpectation? expected) => expected switch
    {
        NewExpectation.Refused => outcome => outcome is ProbeEventKind.Refused,
        NewExpectation.Timeout => outcome => outcome is ProbeEventKind.ConnectTimeout or ProbeEventKind.LostMessages,
        NewExpectation.Closed => outcome => outcome is ProbeEventKind.Reset or ProbeEventKind.FinAtBoundary or ProbeEventKind.FinInsideMessage,
        _ => outcome => outcome is null,
    };

    public static ExpectationReport? OfNew(ProbeOptions options, Protocol protocol, OutcomeTrack track, long origin)
    {
        if (options.ExpectNew is not { } expectation)
        {
            return null;
        }

        var expected = Name(expectation);
        var at = Since(track.FirstAt, origin);
        var stayed = track.FirstAt is { } first && (track.LastContraryAt is not { } contrary || contrary <= first);
        var they = $"new {Wording.Client(protocol)}s";
        var summary = (at, stayed) switch
        {
            (null, _) => $"{they} never met {expected}",
            ({ } when, true) => $"{they} met {expected} from {Wording.Duration(when)} on, to the end",
            ({ } when, false) => $"{they} met {expected} from {Wording.Duration(when)} on, but not all: another outcome as late as {Wording.Duration(Since(track.LastContraryAt, origin)!.Value)}",
        };
        return new ExpectationReport(expected, stayed, at, stayed, Spared: null, summary);
    }

    public static ExpectationReport? OfHeld(ProbeOptions options, Protocol protocol, RunSample total, long origin) => options.ExpectHeld switch
    {
        HeldExpectation.Alive => OfAlive(options, protocol, total, origin),
        HeldExpectation.Closed => OfClosed(options, protocol, total, origin),
        _ => null,
    };

    private static ExpectationReport OfAlive(ProbeOptions options, Protocol protocol, RunSample total, long origin)
    {
        var spared = total.EverConnected - total.Cut;
        var unanswered = total.Messages.Lost + total.Messages.Unsent;
        var at = total.FirstAnswerAt == 0 ? (double?)null : Since(total.FirstAnswerAt, origin);
        var stayed = at is not null && spared == options.Connections && unanswered == 0;
        var summary = stayed
            ? string.Create(CultureInfo.InvariantCulture, $"all {spared} held {Wording.Client(protocol)}s stayed alive")
            : string.Create(CultureInfo.InvariantCulture, $"{spared} of {options.Connections} held {Wording.Client(protocol)}s stayed open, {unanswered} messages unanswered");
        return new ExpectationReport(Name(HeldExpectation.Alive), stayed, at, stayed, spared, summary);
    }

    private static ExpectationReport OfClosed(ProbeOptions options, Protocol protocol, RunSample total, long origin)
    {
        var spared = total.EverConnected - total.Cut;
        var allCut = total.EverConnected > 0 && spared == 0;
        var stayed = allCut && total.CutAndBack == 0;
        // The last answer, where none came after: a connection that is cut off in silence is known to be so much later.
        var at = !allCut ? (double?)null : Since(stayed && total.LastAnswerAt != 0 ? total.LastAnswerAt : total.LastCutAt, origin);
        var summary = (allCut, stayed) switch
        {
            (false, _) => string.Create(CultureInfo.InvariantCulture, $"{total.Cut} of {options.Connections} held {Wording.Client(protocol)}s were closed, {spared} spared"),
            (true, false) => string.Create(CultureInfo.InvariantCulture, $"all held {Wording.Client(protocol)}s were closed by {Wording.Duration(at!.Value)}, but {total.CutAndBack} were answered again"),
            (true, true) => string.Create(CultureInfo.InvariantCulture, $"all {total.Cut} held {Wording.Client(protocol)}s were closed, with no answer after {Wording.Duration(at!.Value)}"),
        };
        return new ExpectationReport(Name(HeldExpectation.Closed), stayed, at, stayed, spared, summary);
    }

    private static string Name<T>(T expectation)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(expectation.ToString());

    private static double? Since(long? at, long origin) => at is { } instant ? Math.Max(0, Clock.ToSeconds(instant - origin)) : null;
}
