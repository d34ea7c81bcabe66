namespace EchoService.Transport.Faults;

/// <summary>What is to be done for a connection under faults: decided by its <see cref="Detour"/>, taken by its <see cref="DetourSteps"/>.</summary>
internal enum DetourStep
{
    /// <summary>Nothing for now.</summary>
    None,

    /// <summary>The bytes that <see cref="DetourSteps"/> has been given as its buffer leave.</summary>
    Send,

    /// <summary>The FIN is due.</summary>
    SendFin,

    /// <summary>A fault resets the client.</summary>
    Reset,

    /// <summary>The loop, which has stopped, goes on.</summary>
    Resume,

    /// <summary>The loop is to end, and learns of it by its receive.</summary>
    DropSocket,

    /// <summary>Loop and detour have both stopped: the connection is freed.</summary>
    End,
}
