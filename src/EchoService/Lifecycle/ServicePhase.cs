namespace EchoService.Lifecycle;

/// <summary>Where the service is between serving and gone.</summary>
internal enum ServicePhase
{
    /// <summary>Ready; clients come and go.</summary>
    Serving,

    /// <summary>Not ready any more, still accepting: balancers get time to look away.</summary>
    LameDuck,

    /// <summary>The listener is closed; open connections go on and are closed gracefully, one after the other.</summary>
    Draining,

    /// <summary>The deadline has passed; who is left is closed by force.</summary>
    Forcing,

    /// <summary>Nobody is connected any more.</summary>
    Drained,
}
