namespace EchoService.ControlPlane.Clients;

/// <summary>How a client is closed.</summary>
internal enum CloseMode
{
    /// <summary>What has been read is echoed, then FIN.</summary>
    Graceful,

    /// <summary>Reset; what was not echoed yet is lost.</summary>
    Reset,
}
