namespace EchoService.Transport.Faults;

/// <summary>Why a fault is over.</summary>
internal enum FaultEnd
{
    /// <summary>Its time was up.</summary>
    Expired,

    /// <summary>Somebody ended it.</summary>
    Deleted,

    /// <summary>A drain began, whose promise it would have broken.</summary>
    Drained,
}
