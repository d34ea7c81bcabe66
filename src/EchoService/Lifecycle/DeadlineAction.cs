namespace EchoService.Lifecycle;

/// <summary>What happens to connections that are left at a drain's deadline.</summary>
internal enum DeadlineAction
{
    /// <summary>Reset, so that the client knows its stream is cut.</summary>
    Reset,

    /// <summary>FIN after what is in hand, then the socket is dropped.</summary>
    Fin,
}
