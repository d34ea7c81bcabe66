namespace EchoService.Transport.Accepting;

/// <summary>Why an accepted socket was closed before it became a connection.</summary>
internal enum RejectReason
{
    /// <summary><c>Echo:MaxConnections</c> connections were open.</summary>
    Limit,

    /// <summary>The listener was being closed by a drain.</summary>
    Draining,

    /// <summary>Descriptors or memory for one more connection could not be had.</summary>
    Resource,
}
