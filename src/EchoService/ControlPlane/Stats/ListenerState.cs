namespace EchoService.ControlPlane.Stats;

/// <summary>Whether clients can connect.</summary>
internal enum ListenerState
{
    /// <summary>They can.</summary>
    Listening,

    /// <summary>A drain has closed the listener.</summary>
    Closed,
}
