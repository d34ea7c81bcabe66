namespace EchoService.Transport;

/// <summary>Why a datagram was not echoed.</summary>
internal enum UdpDropReason
{
    /// <summary>Its source had sent more than <c>Echo:Udp:RatePerSource</c> in that second.</summary>
    Rate,
}
