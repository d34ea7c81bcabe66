namespace EchoService.Probe.Datagrams;

/// <summary>What a datagram that came turned out to be.</summary>
internal enum Arrival
{
    /// <summary>The answer to a message that was waited for, in its order.</summary>
    Answer,

    /// <summary>The same after the answer to a message that was sent later.</summary>
    Reordered,

    /// <summary>The answer to a message that was given up for lost.</summary>
    AfterTimeout,

    /// <summary>What had come before.</summary>
    Duplicate,

    /// <summary>The answer to a message that was waited for, with wrong bytes in it.</summary>
    Corrupted,

    /// <summary>None of what this flow sent.</summary>
    Stranger,

    /// <summary>Once more what was sent before the flow began, to find out whether anybody answers.</summary>
    Greeting,
}
