namespace EchoService.Probe.Explaining;

/// <summary>A drain as it was learned of.</summary>
/// <param name="Trigger">api or signal; null: it was not told.</param>
/// <param name="StartedAt">When it began, by the instance's clock; null: it was not told.</param>
/// <param name="SeenAt">When its first phase was told, in nanoseconds of the probe's clock.</param>
internal sealed record DrainFacts(string? Trigger, DateTimeOffset? StartedAt, long SeenAt);
