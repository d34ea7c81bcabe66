namespace EchoService.Transport.ProxyProtocol;

/// <summary>What the bytes received so far amount to.</summary>
internal enum ProxyHeaderStatus
{
    /// <summary>They may be the beginning of a header.</summary>
    Incomplete,

    /// <summary>They begin with a header.</summary>
    Complete,

    /// <summary>Whatever comes after them, this is no header.</summary>
    Invalid,
}
