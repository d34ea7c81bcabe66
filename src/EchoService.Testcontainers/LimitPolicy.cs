namespace EchoService.Testcontainers;

/// <summary>What happens to a client that comes when the limit is reached.</summary>
public enum LimitPolicy
{
    /// <summary>It is accepted and closed at once.</summary>
    Reject,

    /// <summary>It waits, in the kernel's backlog, until another one leaves.</summary>
    Queue,
}
