namespace EchoService.ControlPlane.Clients;

/// <summary>What clients can be put in order by.</summary>
internal enum ClientSort
{
    Id,
    Age,
    Idle,
    BytesReceived,
    BytesSent,
    PendingBytes,
}
