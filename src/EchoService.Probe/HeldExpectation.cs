namespace EchoService.Probe;

/// <summary>What is to be proved of connections that are held open.</summary>
internal enum HeldExpectation
{
    /// <summary>None ends, and each goes on being answered.</summary>
    Alive,

    /// <summary>All end, by whatever way, and none is answered again.</summary>
    Closed,
}
