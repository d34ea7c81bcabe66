namespace EchoService.Transport.Udp;

/// <summary>The section <c>Echo:Udp</c>: RFC 862 over UDP, on the address and port of the TCP listener.</summary>
internal sealed record UdpOptions
{
    /// <summary>Whether datagrams are echoed at all.</summary>
    public bool Enabled { get; init; }

    /// <summary>Datagrams per second that one source address may send; those beyond are dropped and counted.</summary>
    public int RatePerSource { get; init; } = 1000;
}
