namespace EchoService.ControlPlane.Stats;

/// <summary>Whether clients can connect.</summary>
internal enum ListenerState
{
    /// <summary>They can.</summary>
    Listening,

    /// <summary>A drain or a fault has closed the listener.</summary>
    Closed,
}
