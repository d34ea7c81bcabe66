namespace EchoService.Transport.Connections;

/// <summary>Why a connection ended. The first cause wins; later ones do not overwrite it, except that a forced drain does.</summary>
/// <remarks>The order is part of nothing: JSON and metrics use the names. <see cref="None"/> is 0 so that a live connection has no reason.</remarks>
internal enum CloseReason
{
    /// <summary>Still open.</summary>
    None,

    /// <summary>The client sent FIN and everything it had sent was echoed.</summary>
    ClientFin,

    /// <summary>The client reset the connection, or went away while bytes were being sent to it.</summary>
    ClientReset,

    /// <summary>No byte was received or sent for <c>Echo:IdleTimeout</c>.</summary>
    IdleTimeout,

    /// <summary>A pending send made no progress for <c>Echo:SendTimeout</c>.</summary>
    SendTimeout,

    /// <summary>The connection reached <c>Echo:MaxLifetime</c>.</summary>
    MaxLifetime,

    /// <summary>Closed through the management API.</summary>
    Admin,

    /// <summary>Closed gracefully by a drain.</summary>
    Drain,

    /// <summary>Still open at a drain's deadline and closed by force.</summary>
    DrainForced,

    /// <summary>The PROXY protocol header was missing, malformed, late or from an untrusted peer.</summary>
    ProxyHeader,

    /// <summary>Ended by a fault that was asked for.</summary>
    Fault,

    /// <summary>Any other socket error.</summary>
    Error,
}
