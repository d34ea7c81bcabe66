namespace EchoService.Probe;

/// <summary>What is to be proved of new connections.</summary>
internal enum NewExpectation
{
    /// <summary>The message comes back.</summary>
    Echo,

    /// <summary>The connect is answered by RST.</summary>
    Refused,

    /// <summary>The connect is not answered.</summary>
    Timeout,

    /// <summary>Connected, and ended by FIN or RST before the message came back.</summary>
    Closed,
}
