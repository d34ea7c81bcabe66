namespace EchoService.Transport.Accepting;

/// <summary>What can go wrong with an accept, by what has to be done about it.</summary>
internal enum AcceptError
{
    /// <summary>The client went away between its SYN and the accept. Retried at once.</summary>
    Aborted,

    /// <summary>The process or the system is out of file descriptors. Backed off.</summary>
    Descriptors,

    /// <summary>The kernel is out of memory for sockets. Backed off.</summary>
    Memory,

    /// <summary>Anything else. Backed off, since an error that stays would otherwise spin.</summary>
    Other,
}
