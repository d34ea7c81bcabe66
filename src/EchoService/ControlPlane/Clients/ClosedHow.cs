namespace EchoService.ControlPlane.Clients;

/// <summary>How a connection ended, whoever asked for it.</summary>
internal enum ClosedHow
{
    /// <summary>In order: everything that was received was echoed, and FIN followed.</summary>
    Fin,

    /// <summary>Cut off, by either side.</summary>
    Reset,
}
