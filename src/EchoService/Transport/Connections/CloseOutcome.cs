namespace EchoService.Transport.Connections;

/// <summary>How a connection ended, whoever asked for it (<see cref="CloseReason"/>).</summary>
internal enum CloseOutcome
{
    /// <summary>It has not ended.</summary>
    None,

    /// <summary>In order: everything was echoed, and both sides, or ours alone after its time, sent FIN.</summary>
    InOrder,

    /// <summary>The client reset it, or was not there any more.</summary>
    CutByClient,

    /// <summary>The service reset it, with an echo pending or without.</summary>
    CutByService,
}
