namespace EchoService.Probe.Dialing;

/// <summary>What carries the messages to a target.</summary>
internal enum Protocol
{
    /// <summary>Connections, each a stream of bytes.</summary>
    Tcp,

    /// <summary>Flows, each a source port whose datagrams are messages.</summary>
    Udp,
}
