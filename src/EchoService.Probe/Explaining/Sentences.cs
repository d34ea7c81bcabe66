using System.Globalization;
using EchoService.Probe.Display;
using EchoService.Probe.Events;
using EchoService.Probe.Measurement;

namespace EchoService.Probe.Explaining;

/// <summary>Says why something happened to a connection, from what its instance said of it.</summary>
internal static class Sentences
{
    private const string OnTheWay = "something on the way did it";

    /// <summary>Whether it ends a connection, so that an instance that knows of no end yet is asked again.</summary>
    public static bool IsEnd(ProbeEventKind kind) =>
        kind is ProbeEventKind.Reset or ProbeEventKind.FinAtBoundary or ProbeEventKind.FinInsideMessage;

    /// <summary>The instance told of the connection. Null: there is nothing to be said.</summary>
    public static Explanation? Of(Question question, ClientFacts facts, InstanceState state)
    {
        var name = question.Peer.Instance.Name;
        // A drain ends faults, and an end that is asked for is nobody else's.
        if (facts.FaultKind is { } fault && (facts.CloseReason is null or "fault" || !IsEnd(question.Kind)))
        {
            return SayWithPhase(question, $"because of the fault {fault}", state);
        }

        if (!IsEnd(question.Kind) && facts.CloseReason is null)
        {
            return question.Kind switch
            {
                ProbeEventKind.Stalled => SayWithPhase(
                    question,
                    $"and {name} knows of no reason",
                    state,
                    Text($"and {name} has it open, with {facts.BytesReceived} bytes received and {facts.BytesSent} sent back")),
                ProbeEventKind.Corrupted or ProbeEventKind.LostBytes => SayWithPhase(question, $"and {name} knows of no fault: {OnTheWay}", state),
                _ => null,
            };
        }

        if (question.Kind == ProbeEventKind.Late)
        {
            return null;
        }

        return facts.CloseReason switch
        {
            "drain" => Say(question, $"because of its drain{By(state.Drain)}", $"because of its drain{By(state.Drain)}{Since(", begun ", facts, state, question.At, " before")}"),
            "drainForced" => Say(question, $"because its drain{By(state.Drain)} was forced", $"because its drain{By(state.Drain)} was forced{Since(" after ", facts, state, question.At, "")}"),
            "admin" when facts.ClosePercent is { } percent => SayWithPhase(question, Text($"shed by an API call ({percent:0.##} %)"), state),
            "admin" => SayWithPhase(question, "closed by an API call", state),
            "idleTimeout" => SayWithPhase(question, "because of its idle timeout", state, $"because of its idle timeout, after {Seconds(facts.IdleSeconds)} without a byte"),
            "sendTimeout" => SayWithPhase(question, "because of its send timeout: this client took nothing of its echo", state),
            "maxLifetime" => SayWithPhase(question, "because of its maximum lifetime", state, $"because of its maximum lifetime, at the age of {Seconds(facts.AgeSeconds)}"),
            "proxyHeader" => SayWithPhase(question, "because there was no PROXY header that it takes", state),
            "fault" => SayWithPhase(question, "because of a fault", state),
            "error" => SayWithPhase(question, $"because of an error of {name}; its log says more", state),
            "clientFin" => SayWithPhase(question, $"and {name} got FIN: {OnTheWay}", state),
            "clientReset" => SayWithPhase(question, $"and {name} got RST: {OnTheWay}", state),
            null => SayWithPhase(question, $"and {name} knows of no close: {OnTheWay}", state),
            { } other => SayWithPhase(question, $"and {name} calls it {other}", state),
        };
    }

    /// <summary>The instance answers, and knows the connection no more.</summary>
    public static Explanation? Forgotten(Question question, InstanceState state)
    {
        var name = question.Peer.Instance.Name;
        return question.Kind == ProbeEventKind.Late ? null
            : state.RestartedAt is not null ? SayWithPhase(question, $"and {name} is another process since: it was restarted", state)
            : SayWithPhase(question, $"and {name} does not remember the connection", state);
    }

    /// <summary>The instance cannot be reached.</summary>
    public static Explanation? Gone(Question question, InstanceState state, string failure)
    {
        var name = question.Peer.Instance.Name;
        if (state.Phase is null)
        {
            return Unasked(question, $"its management API {failure}");
        }

        if (question.Kind == ProbeEventKind.Late)
        {
            return null;
        }

        var isReset = question.Kind == ProbeEventKind.Reset;
        if (state.Phase == "serving" || (isReset && state.ForcedAt is null))
        {
            var seen = Seconds(Clock.ToSeconds(Math.Max(0, question.At - state.SeenAt)));
            return Say(
                question,
                $"and {name} does not answer any more: it died",
                $"and {name} does not answer any more, was {(state.Phase == "lameDuck" ? "a lame duck" : state.Phase)} when last seen {seen} before: it died");
        }

        // A drain by API leaves the process where it is, so a process that is gone had a signal.
        var since = Seconds(Clock.ToSeconds(Math.Max(0, question.At - (state.Drain?.SeenAt ?? question.At))));
        return isReset
            ? Say(question, "because its drain (signal) was forced", $"because its drain (signal) was forced after {since}; it is gone since")
            : Say(question, "because of its drain (signal)", $"because of its drain (signal), begun {since} before; it is gone since");
    }

    /// <summary>The instance was not, or could not be asked.</summary>
    public static Explanation? Unasked(Question question, string why) =>
        question.Kind == ProbeEventKind.Late ? null : Say(question, $"and {question.Peer.Instance.Name} cannot be asked: {why}");

    /// <summary>With what the instance was about at that time, where that was not just serving.</summary>
    private static Explanation SayWithPhase(Question question, string cause, InstanceState state, string? text = null)
    {
        var drain = state is { Drain: { } began, Phase: not "serving" } ? $" (in its drain, {Seconds(Clock.ToSeconds(Math.Max(0, question.At - began.SeenAt)))} after that began)" : "";
        return Say(question, cause, $"{text ?? cause}{drain}");
    }

    private static Explanation Say(Question question, string cause, string? text = null) =>
        new(cause, Text($"connection {question.Client} to {question.Peer.Instance.Name}: {Wording.Of(question.Kind)}, {text ?? cause}"));

    private static string By(DrainFacts? drain) => drain?.Trigger switch
    {
        "api" => " (API)",
        { } trigger => $" ({trigger})",
        null => "",
    };

    /// <summary>How long after the drain began; by the instance's own clock where it says when the connection ended.</summary>
    private static string Since(string before, ClientFacts facts, InstanceState state, long at, string after)
    {
        if (state.Drain is not { } drain)
        {
            return "";
        }

        var seconds = facts.ClosedAt is { } closed && drain.StartedAt is { } started
            ? (closed - started).TotalSeconds
            : Clock.ToSeconds(at - drain.SeenAt);
        return $"{before}{Seconds(Math.Max(0, seconds))}{after}";
    }

    private static string Seconds(double seconds) => Text($"{seconds:0.0} s");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
