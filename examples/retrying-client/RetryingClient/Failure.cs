namespace RetryingClient;

/// <summary>Why an attempt was given up.</summary>
public enum Failure
{
    /// <summary>No connection could be made.</summary>
    Connect,

    /// <summary>The server ended the connection before the whole answer had come.</summary>
    Ended,

    /// <summary>The answer took too long.</summary>
    Late,

    /// <summary>What came back is not what was sent.</summary>
    Corrupted,
}
