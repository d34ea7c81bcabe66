namespace EchoService.Transport.Connections;

/// <summary>Whose time is up.</summary>
internal enum TimeoutVerdict
{
    /// <summary>Nobody's.</summary>
    None,

    /// <summary>The client's to send its PROXY header, unless what has come was not looked at yet.</summary>
    ProxyHeader,

    /// <summary>A silent client's, unless what has come was not looked at yet.</summary>
    Idle,

    /// <summary>A reader's that takes nothing.</summary>
    Send,

    /// <summary>The connection's own.</summary>
    Lifetime,

    /// <summary>The client's to answer our FIN, which it has.</summary>
    Close,
}
