namespace EchoService.Probe.Explaining;

/// <summary>What is known of an instance from following it; instants are nanoseconds of the probe's clock.</summary>
/// <param name="Phase">The phase that it was last in; null: it has never said.</param>
/// <param name="SeenAt">When it was last heard.</param>
/// <param name="Drain">The last drain; null: none was seen.</param>
/// <param name="ForcedAt">When that was forced; null: it was not.</param>
/// <param name="RestartedAt">When another process answered in its place; null: none did.</param>
internal sealed record InstanceState(string? Phase, long SeenAt, DrainFacts? Drain, long? ForcedAt, long? RestartedAt)
{
    public static InstanceState Unknown { get; } = new(null, 0, null, null, null);
}
