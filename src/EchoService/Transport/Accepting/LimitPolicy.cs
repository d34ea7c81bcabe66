namespace EchoService.Transport.Accepting;

/// <summary>What the listener does with clients beyond <c>Echo:MaxConnections</c>.</summary>
internal enum LimitPolicy
{
    /// <summary>Accept, close at once, count.</summary>
    Reject,

    /// <summary>Stop accepting until a connection leaves; waiting clients stay in the kernel's backlog.</summary>
    Queue,
}
