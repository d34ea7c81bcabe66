using System.Net;
using EchoService.Transport.Addressing;

namespace EchoService.ControlPlane.Requests;

/// <summary>How endpoints are shown.</summary>
internal static class EndPointText
{
    /// <summary>Address and port; an IPv4 client of the dual-stack listener shows as what it is, without ::ffff:.</summary>
    public static string Format(IPEndPoint endPoint) =>
        new IPEndPoint(endPoint.Address.Plain(), endPoint.Port).ToString();
}
