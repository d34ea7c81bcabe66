namespace RetryingClient;

/// <summary>A message was given up after its last attempt.</summary>
/// <param name="failure">Why that one failed.</param>
/// <param name="inner">What the system said; null where it said nothing.</param>
public sealed class EchoFailedException(Failure failure, Exception? inner) : Exception($"The message was given up: {failure}.", inner)
{
    /// <summary>Why the last attempt failed.</summary>
    public Failure Failure { get; } = failure;
}
