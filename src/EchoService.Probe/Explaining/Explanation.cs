namespace EchoService.Probe.Explaining;

/// <param name="Cause">Why, without what differs from one connection to the next.</param>
/// <param name="Sentence">The whole of it.</param>
internal sealed record Explanation(string Cause, string Sentence);
